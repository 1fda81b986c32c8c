"""What is said of every comparison: how it was done."""

METHOD = (
    (
        'Replicates are results of one scanner, reconstruction and fill, of different '
        'acquisitions: by their headers, or as the user says. They are averaged: mean ± SD '
        '(n - 1). What a header does not say is unknown and makes no replicates. Two '
        'reconstructions of one acquisition share their noise and are never averaged.'
    ),
    (
        'The noise of a mean is its SD over the root of n. That of a single scan is known for the '
        'mean of a sphere only, from the fit. The uncertainty of the fill is added once, as '
        'replicates do not reduce it; it cancels between results of one acquisition.'
    ),
    (
        "Standard uncertainties are added as squares. Half widths take Student's t with the "
        'degrees of freedom of Welch and Satterthwaite (JCGM 100:2008, G.4.1). "Differs" stands '
        'where the 95 % interval leaves out 0: of 20 comparisons without a difference one differs '
        'by chance.'
    ),
    (
        'Recovery relative to a sphere of the same image has a name of its own and is not compared '
        'with recovery. Values of different units are not compared.'
    ),
)
"""One sentence group a line: of the page and of the workbook."""
