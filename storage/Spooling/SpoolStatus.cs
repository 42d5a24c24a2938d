using Broadcast.Media;

namespace Broadcast.Storage.Spooling;

/// <summary>How the spool is doing, at one moment.</summary>
public sealed record SpoolStatus
{
    /// <summary>Where it is.</summary>
    public required string Folder { get; init; }

    /// <summary>Bytes on disk, open and waiting.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes on disk that the store has too, kept for viewers of the live window; they give way to others.</summary>
    public required long KeptBytes { get; init; }

    /// <summary>Bytes that are allowed on disk (<c>Spool:MaxBytes</c>).</summary>
    public required long MaxBytes { get; init; }

    /// <summary>Bytes of young media in memory, with what keeping them costs.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Files that grow, or were left growing by an earlier process.</summary>
    public required int OpenFiles { get; init; }

    /// <summary>Sealed files that the store does not have yet.</summary>
    public required int WaitingFiles { get; init; }

    /// <summary>Their bytes.</summary>
    public required long WaitingBytes { get; init; }

    /// <summary>How long the oldest of them has been waiting; zero when there is none.</summary>
    public required TimeSpan OldestWaiting { get; init; }

    /// <summary>Calls to delete that have not been carried out yet.</summary>
    public required int PendingDeletions { get; init; }

    /// <summary>Uploads that succeeded since the start.</summary>
    public required long Uploads { get; init; }

    /// <summary>Uploads that failed since the start.</summary>
    public required long Failures { get; init; }

    /// <summary>Why the store fails now; <see langword="null"/> while it does not.</summary>
    public required ObjectStoreFault? Fault { get; init; }

    /// <summary>The same in words, with what to do; no secrets.</summary>
    public required string? Problem { get; init; }
}

/// <summary>Lets the dashboard, health checks and tests look at the spool.</summary>
public sealed class SpoolMonitor
{
    private readonly Spool _spool;

    internal SpoolMonitor(Spool spool) => _spool = spool;

    /// <summary>How it is doing now. Looks at every file in the spool; not for hot paths.</summary>
    public SpoolStatus Read() => _spool.Status();
}
