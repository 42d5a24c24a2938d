namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>
/// Configurations of a track that could not be read. Reading one costs far more than sending it, so they are counted. An encoder may repeat
/// the same one with each keyframe: it is not read again.
/// </summary>
internal sealed class UnreadableRecords
{
    /// <summary>Maximum number of remembered bytes; longer records are read again.</summary>
    private const int MaxRemembered = 64 * 1024;

    private byte[]? _last;
    private uint _codec;

    /// <summary>Number of unreadable records, without repetitions of the last one.</summary>
    public int Count { get; private set; }

    /// <summary>Returns whether the last unreadable record is repeated.</summary>
    public bool IsRepeated(uint codec, ReadOnlySpan<byte> record) =>
        _last is not null && codec == _codec && record.SequenceEqual(_last);

    /// <summary>Counts and remembers an unreadable record.</summary>
    public void Add(uint codec, ReadOnlySpan<byte> record)
    {
        Count++;
        (_codec, _last) = (codec, record.Length <= MaxRemembered ? record.ToArray() : null);
    }
}
