-- journal::list_after: the press of the button that made a document. Documents have rising ids, so it grows at its end.
CREATE INDEX request_by_subject ON request (subject_id);
