"""Draw one figure."""

import xarray as xr

from repscape import logs, plugins
from repscape.figures.style import Style, palette, save
from repscape.store import replacing


def main(section, stimuli, inputs, output):
    data = {
        name: [xr.open_dataset(file) for file in files] if isinstance(files, list) else xr.open_dataset(files)
        for name, files in inputs.items()
    }
    draw = plugins.entry("figures", section["figure"])
    style = Style(palette(stimuli))
    figure, caption = draw(data, style, **plugins.section_arguments(draw, section))
    save(figure, output.svg, output.png)
    with replacing(output.caption) as temporary:
        temporary.write_text(caption + "\n", encoding="utf-8")


if __name__ == "__main__":
    with logs.job(snakemake):
        job = snakemake.params.job
        main(job["section"], job["stimuli"], dict(snakemake.input.items()), snakemake.output)
