-- Every operation's place was seen. (A seen place may be that of an operation first sent in an earlier life.)
SELECT
    'device' AS what, operation.device_id AS id,
    'epoch ' || CAST(operation.epoch AS TEXT) || ': seq ' || CAST(operation.seq AS TEXT)
        || ' has a verdict and was not seen' AS detail
FROM operation
JOIN device_life ON device_life.device_id = operation.device_id AND device_life.epoch = operation.epoch
LEFT JOIN device_seen ON device_seen.device_id = operation.device_id AND device_seen.epoch = operation.epoch
    AND device_seen.seq = operation.seq
WHERE operation.seq > device_life.watermark AND device_seen.seq IS NULL
