"""The results of a study, opened: RDMs, activity, pictures, layers, analyses and figures, all labelled."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from repscape.api.errors import ArgumentError, ArgumentTypeError, for_users
from repscape.api.study_files import Names, StudyFigure, StudyFiles, StudyNames, by_name, listed, read_file
from repscape.study import defaults

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import xarray

    from repscape.api.recording import Activations


@for_users
def open_study(folder: "str | os.PathLike[str]") -> "Study":
    """Open the results of a study.

    Parameters
    ----------
    folder : path
        ``results/STUDY``; or the folder of a project that has the results of one study.

    Returns
    -------
    Study
        Its methods read: `rdms`, `differentiation`, `activations`, `pictures`, `layers`, `analysis`,
        `figure`. They have what the study's config had in its last run.

    Raises
    ------
    ValueError
        There are no results of a study.

    Examples
    --------
    >>> import os, repscape
    >>> if os.path.isdir("results/default"):
    ...     study = repscape.open_study("results/default")
    ...     rdm = study.rdms(stimulus="bikes", layer="block5", metric="correlation")
    """
    if not isinstance(folder, str | os.PathLike):
        raise ArgumentTypeError(f"folder: expected a path, found {folder!r}.")
    return Study(StudyFiles.find(folder))


class Study(StudyNames):
    """The results of a study; see `open_study`."""

    @for_users
    def rdms(
        self,
        layer: Names = None,
        *,
        stimulus: str | None = None,
        source: Names = None,
        population: str | None = None,
        size: Names = None,
        metric: Names = None,
        repeat: Names = None,
        sets: str = "",
        square: bool = True,
    ) -> "xarray.DataArray":
        """Return RDMs.

        Parameters
        ----------
        layer, metric, repeat : name or list, optional
            By default all.
        stimulus : str, optional
            Needed where the study has several, whose images differ.
        source : name or list, optional
            By default the first. Also a recording that gives RDMs.
        population, size : optional
            By default the first population that is sampled by size, and its largest size.
        sets : str, optional
            A name in ``rdms.sets``, for the RDMs of sets of images; by default those of all images.
        square : bool
            Matrices (…, image, image_other), or the vectors of all pairs (…, pair).

        Returns
        -------
        DataArray
            Float64, in the metric's unit. A dimension for each label in which RDMs differ; the others are
            scalar coordinates. The names of images, their factors, labels and times are coordinates, with
            ``_other`` for the second image (of pairs with ``_i`` and ``_j``).

        Raises
        ------
        ValueError
            A name is unknown (the message lists those there are), or what is asked for is not made yet.
        """
        from repscape.api.study_rdms import read_rdms, with_labels

        shown = None
        if source in self._files.contents["recordings"]:
            where = {"layer": listed(layer), "metric": listed(metric), "repeat": listed(repeat)}
            paths = [self._files.path("recording", recording=source)]
        else:
            where = {"metric": listed(metric), "repeat": listed(repeat), "set": sets}
            shown = self._files.one(stimulus, "stimulus")
            paths = self._files.rdms(listed(layer), shown, listed(source), population, listed(size))
        found = read_rdms(paths, where)
        labels = self._files.image_labels(shown) if shown is not None and not sets else None
        return with_labels(found, labels, square)

    @for_users
    def differentiation(self, name: str = "differentiation") -> "xarray.Dataset":
        """Return the analysis `differentiation`, or another one of that kind.

        Returns
        -------
        Dataset
            ``differentiation`` and ``normalised``, float64 (source, stimulus, layer, population, size,
            metric, repeat). NaN where there is none.

        Raises
        ------
        ValueError
            The study has no such analysis, or it is not made yet.
        """
        found = self.analysis(name)
        if "differentiation" not in getattr(found, "data_vars", {}):
            raise ArgumentError(f"name: '{name}' is no analysis of differentiation. Read it by `analysis`.")
        return found

    @for_users
    def activations(
        self,
        layer: Names = None,
        *,
        stimulus: str | None = None,
        source: str | None = None,
        population: str | None = None,
    ) -> "xarray.DataArray | Activations":
        """Return the recorded activity of a layer; of several, or all, a dict of them.

        Parameters
        ----------
        layer : name or list, optional
            By default all, which may be much.
        stimulus, source, population : str, optional
            As in `rdms`.

        Returns
        -------
        DataArray (image, unit), or a dict of layer to these
            float32. Coordinates: the images' names, factors and labels; ``unit`` and, where they are defined,
            ``channel``, ``y``, ``x``.

        Raises
        ------
        ValueError
            As `rdms`.
        """
        from repscape.api.recording import Activations

        shown = self._files.one(stimulus, "stimulus")
        paths = self._files.activations(listed(layer), shown, source, population)
        found = Activations({one: _activity(path) for one, path in paths.items()})
        return next(iter(found.values())) if isinstance(layer, str) else found

    @for_users
    def pictures(self, stimulus: str | None = None) -> "xarray.DataArray | list[xarray.DataArray]":
        """Return the images of a stimulus, as they are before a network's preprocessing.

        Parameters
        ----------
        stimulus : str, optional
            Needed where the study has several.

        Returns
        -------
        DataArray (image, y, x, channel)
            uint8; the images' names, factors, labels and times (in s) are coordinates. Of images of different
            sizes a list of DataArrays (y, x, channel).

        Raises
        ------
        ValueError
            A name is unknown, or the stimulus is not made yet.
        """
        import xarray

        from repscape.io import stored_images

        found = by_name(self._files.read("stimulus", stimulus=self._files.one(stimulus, "stimulus")))
        if "images" in found:
            return found["images"]
        dims = ("y", "x", "channel")
        return [
            xarray.DataArray(
                stored_images.image(found, at),
                {name: one[at] for name, one in found.coords.items() if one.dims == ("image",)},
                dims,
                "images",
            )
            for at in range(stored_images.count(found))
        ]

    @for_users
    def layers(self, source: str | None = None) -> "pd.DataFrame":
        """Return the layers of a network that the study records, from input to output.

        Parameters
        ----------
        source : str, optional
            By default the first.

        Returns
        -------
        DataFrame
            A row a layer, by its name in the study: ``layer`` (its label in the network's table), ``order``
            (0 is the input), ``node``, ``kind``, ``channels``, ``height``, ``width``, ``units``,
            ``parameters``, ``receptive_field_size`` (in pixels), … Of a recording the areas alone.

        Raises
        ------
        ValueError
            A name is unknown, or the network is not made yet.
        """
        import pandas as pd

        name = defaults.one_or_default(source, self.sources, "source")
        about = self._files.sources[name]
        index = pd.Index(about["layers"], name="name")
        if not about["network"]:
            return pd.DataFrame(index=index)
        file = self._files.read("layers", source=name)
        table = (
            file[[one for one in file.variables if file[one].dims == ("layer",)]].to_dataframe().reset_index()
        )
        rows = [
            int(np.flatnonzero((table["layer"] == label) | (table["block"] == label))[0])
            for label in about["labels"]
        ]
        return table.iloc[rows].set_axis(index)

    @for_users
    def analysis(self, name: str, *, table: bool = False) -> "Any":
        """Return an analysis.

        Parameters
        ----------
        name : str
            One of `analyses`.
        table : bool
            As a table of pandas, of those that have one: what ``analyses/NAME.csv`` holds.

        Returns
        -------
        Dataset; DataTree where it has groups; or DataFrame
            What ``analyses/NAME.nc`` holds; results/README.md describes it.

        Raises
        ------
        ValueError
            A name is unknown, or the analysis is not made yet, or has no table.
        """
        self._files.one(name, "analysis")
        if not table:
            return self._files.read("analysis", analysis=name)
        import pandas as pd

        return pd.read_csv(self._files.path("table", analysis=name))

    @for_users
    def figure(self, name: str) -> StudyFigure:
        """Return a figure: a notebook shows it; ``.png``, ``.svg``, ``.caption`` and ``.data`` are its parts.

        Parameters
        ----------
        name : str
            One of `figures`.

        Raises
        ------
        ValueError
            A name is unknown, or the figure is not made yet.
        """
        self._files.one(name, "figure")
        svg, png, caption = (
            self._files.path("figure", figure=name, format=one) for one in ("svg", "png", "rst")
        )
        data = png.with_suffix(".nc")
        shown = read_file(data) if data.is_file() else None
        return StudyFigure(name, svg, png, caption.read_text(encoding="utf-8").strip(), shown)


def _activity(path: "Path") -> "xarray.DataArray":
    """Read the activity of a layer; the file's attributes become its own."""
    found = by_name(read_file(path))
    return found["activation"].assign_attrs(found.attrs)
