-- till::find_open_id, till::list_closings, till::read_period: openings and closings in the order of their numbers, so that
-- neither a sale nor an X report walks what lies before the last Z.
CREATE INDEX chain_record_of_shifts ON chain_record (epoch, number) WHERE kind IN ('shift_opening', 'shift_closing');
