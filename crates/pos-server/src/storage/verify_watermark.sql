-- Every operation's place was seen. (A seen place may be that of an operation first sent in an earlier life.)
SELECT printf('device %s epoch %d: seq %d has a verdict and was not seen', lower(hex(operation.device_id)),
    operation.epoch, operation.seq) AS detail
FROM operation
JOIN device_life USING (device_id, epoch)
LEFT JOIN device_seen USING (device_id, epoch, seq)
WHERE operation.seq > device_life.watermark AND device_seen.seq IS NULL
