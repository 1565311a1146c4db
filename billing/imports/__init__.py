"""Old member files: read safely (`reading`, `workbooks`), columns guessed (`mapping`), cells understood (`cells`), rows
checked (`checking`). Nothing here writes."""
