INSERT INTO chain_record (
    device_id, epoch, number, series, kind, document_id, issued_at_ms, document_hash, previous_hash, hash, signature
) VALUES (
    :device_id, :epoch, :number, :series, :kind, :document_id, :issued_at_ms, :document_hash, :previous_hash, :hash,
    :signature
)
