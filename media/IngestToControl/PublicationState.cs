namespace Broadcast.Media.IngestToControl;

/// <summary>
/// State shared by the issuer and the holder of a <see cref="PublishGrant"/>. Thread-safe; each access is one volatile read or write.
/// </summary>
public sealed class PublicationState
{
    private long _lastFrame;
    private long _bytes;
    private long _videoFrames;
    private long _audioFrames;
    private long _dropped;
    private volatile bool _superseded;

    /// <summary>
    /// Time of the last usable frame, as a timestamp of the process's <see cref="TimeProvider"/>; initially the time of the grant.
    /// </summary>
    public long LastFrame => Volatile.Read(ref _lastFrame);

    /// <summary>Indicates whether another encoder has taken over. Set before <see cref="PublishGrant.Revoked"/> is canceled.</summary>
    public bool IsSuperseded => _superseded;

    /// <summary>Records the arrival of a usable frame.</summary>
    public void ReportActivity(long timestamp) => Volatile.Write(ref _lastFrame, timestamp);

    /// <summary>Records that another encoder takes over.</summary>
    public void Supersede() => _superseded = true;

    /// <summary>Totals reported by the holder so far. Dropped frames are reported when the publication ends.</summary>
    public PublicationTotals Totals => new(Volatile.Read(ref _bytes), Volatile.Read(ref _videoFrames), Volatile.Read(ref _audioFrames),
        Volatile.Read(ref _dropped));

    /// <summary>Records the totals since the grant.</summary>
    /// <param name="bytes">Bytes received.</param>
    /// <param name="videoFrames">Number of forwarded video frames.</param>
    /// <param name="audioFrames">Number of forwarded audio frames.</param>
    public void RecordTotals(long bytes, long videoFrames, long audioFrames)
    {
        Volatile.Write(ref _bytes, bytes);
        Volatile.Write(ref _videoFrames, videoFrames);
        Volatile.Write(ref _audioFrames, audioFrames);
    }

    /// <summary>Records the total number of dropped frames.</summary>
    public void RecordDropped(long dropped) => Volatile.Write(ref _dropped, dropped);
}

/// <summary>Totals of one or more publications.</summary>
/// <param name="Bytes">Bytes received.</param>
/// <param name="VideoFrames">Number of forwarded video frames.</param>
/// <param name="AudioFrames">Number of forwarded audio frames.</param>
/// <param name="Dropped">Number of dropped frames.</param>
public readonly record struct PublicationTotals(long Bytes, long VideoFrames, long AudioFrames, long Dropped)
{
    /// <summary>Adds other totals.</summary>
    public PublicationTotals Add(PublicationTotals other) =>
        new(Bytes + other.Bytes, VideoFrames + other.VideoFrames, AudioFrames + other.AudioFrames, Dropped + other.Dropped);
}
