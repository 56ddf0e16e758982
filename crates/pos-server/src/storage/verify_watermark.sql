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
UNION ALL
-- And of a register with one life nothing was seen that is not here.
SELECT
    'device', device_life.device_id,
    'device_life.watermark ' || CAST(watermark AS TEXT) || ' stands above what it sent'
FROM device_life
WHERE (SELECT count(*) FROM device_life AS life WHERE life.device_id = device_life.device_id) = 1
    AND watermark <> (
        SELECT count(*) FROM operation
        WHERE operation.device_id = device_life.device_id AND operation.epoch = device_life.epoch
            AND operation.seq <= device_life.watermark
    )
