"""How results are shown: tables, texts, workbooks, pictures, JSON."""
