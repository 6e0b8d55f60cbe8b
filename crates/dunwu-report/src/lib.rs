//! Findings to figures, figures to SVG and one HTML page.
