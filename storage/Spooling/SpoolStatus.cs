using Broadcast.Media.Storage;

namespace Broadcast.Storage.Spooling;

/// <summary>Snapshot of the spool's state.</summary>
public sealed record SpoolStatus
{
    /// <summary>Path of the spool.</summary>
    public required string Folder { get; init; }

    /// <summary>Bytes on disk in open and waiting files.</summary>
    public required long Bytes { get; init; }

    /// <summary>Bytes on disk in uploaded files that are retained for viewers; removed when space is needed.</summary>
    public required long RetainedBytes { get; init; }

    /// <summary>Maximum bytes on disk (<c>Spool:MaxBytes</c>).</summary>
    public required long MaxBytes { get; init; }

    /// <summary>Bytes of recently appended media in memory, including overhead.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Number of open files, including those left open by an earlier process.</summary>
    public required int OpenFiles { get; init; }

    /// <summary>Number of sealed files that are not uploaded yet.</summary>
    public required int WaitingFiles { get; init; }

    /// <summary>Size of the sealed files in bytes.</summary>
    public required long WaitingBytes { get; init; }

    /// <summary>Waiting time of the oldest sealed file; zero when there is none.</summary>
    public required TimeSpan OldestWaiting { get; init; }

    /// <summary>Number of pending delete calls.</summary>
    public required int PendingDeletions { get; init; }

    /// <summary>Number of successful uploads since the start.</summary>
    public required long Uploads { get; init; }

    /// <summary>Number of failed uploads since the start.</summary>
    public required long Failures { get; init; }

    /// <summary>Current error kind of the object store; <see langword="null"/> while it works.</summary>
    public required ObjectStoreErrorKind? ErrorKind { get; init; }

    /// <summary>Current error message with remedy, without secrets.</summary>
    public required string? ErrorMessage { get; init; }
}

/// <summary>Gives the dashboard, health checks and tests access to the spool's status.</summary>
public sealed class SpoolMonitor
{
    private readonly Spool _spool;

    internal SpoolMonitor(Spool spool) => _spool = spool;

    /// <summary>Reads the current status. Visits every file in the spool, so it is not for hot paths.</summary>
    public SpoolStatus Read() => _spool.Status();
}
