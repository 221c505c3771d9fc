"""Who looked: one module a source of networks; each module's `load` builds one."""
