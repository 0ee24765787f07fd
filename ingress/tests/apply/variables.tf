# It takes none.
