"""What is exported: kinds of rows, how they are read in pieces, and the forms that they are written in."""
