"""One file a form of files: how data sets that are on no Hub are laid out."""
