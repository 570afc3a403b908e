"""Recovery: plans of the book, as runbooks of class 3 and their rehearsals."""
