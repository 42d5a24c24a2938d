namespace Broadcast.Cluster;

/// <summary>Options for several servers that share a database and an object store; section <c>Cluster</c>.</summary>
public sealed class ClusterOptions
{
    /// <summary>Section name.</summary>
    public const string Section = "Cluster";

    /// <summary>
    /// Address at which other servers reach this server's internal listener, such as <c>10.0.0.2:8090</c>; <see langword="null"/> to derive
    /// it from the listener.
    /// </summary>
    public string? Address { get; set; }

    /// <summary>Time without requests after which a mirror of another server's session is removed; 5 s to 1 h. Default 60 s.</summary>
    public TimeSpan MirrorIdle { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Time without messages of the owner after which a mirror answers 503, so that edges use another server; 1 to 60 s. It should exceed
    /// the time in which another server takes the session over. Default 8 s.
    /// </summary>
    public TimeSpan MirrorLost { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>
    /// Maximum bytes of media that all mirrors keep in memory, 16 MiB to 64 GiB. Older media is read from the object store, or from the
    /// owner. Default 256 MiB.
    /// </summary>
    public long MirrorMemory { get; set; } = 256L << 20;

    internal IEnumerable<string> Validate()
    {
        if (Address is { } address && !InternalAddress.TryParse(address, out _))
        {
            yield return $"{Section}:{nameof(Address)} must be HOST:PORT, such as 10.0.0.2:8090.";
        }

        if (MirrorIdle < TimeSpan.FromSeconds(5) || MirrorIdle > TimeSpan.FromHours(1))
        {
            yield return $"{Section}:{nameof(MirrorIdle)} must be between 00:00:05 and 01:00:00.";
        }

        if (MirrorLost < TimeSpan.FromSeconds(1) || MirrorLost > TimeSpan.FromSeconds(60))
        {
            yield return $"{Section}:{nameof(MirrorLost)} must be between 00:00:01 and 00:01:00.";
        }

        if (MirrorMemory is < 16L << 20 or > 64L << 30)
        {
            yield return $"{Section}:{nameof(MirrorMemory)} must be between 16 MiB and 64 GiB.";
        }
    }
}
