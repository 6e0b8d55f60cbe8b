//! Groups, expressions, tables, splits and irreducible representations.
