using Microsoft.Extensions.Options;

namespace Broadcast.Storage.Spooling;

/// <summary>Options of the spool; configuration section <c>Spool</c>.</summary>
public sealed class SpoolOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Spool";

    /// <summary>
    /// Maximum bytes on disk (1 MiB or more; default 20 GiB). When the limit is reached, appends fail: announced media is kept rather than
    /// new media. At 100 Mbit/s in total, 20 GiB covers an outage of the object store of 28 minutes.
    /// </summary>
    public long MaxBytes { get; set; } = 20L << 30;

    /// <summary>
    /// Maximum bytes of recently appended media in memory (0 for none; default 32 MiB, or 30 s at 9 Mbit/s in total). The oldest are
    /// dropped first. Older media is read from its file, usually from the page cache.
    /// </summary>
    public long MemoryBytes { get; set; } = 32L << 20;

    /// <summary>Maximum seconds that media stays in memory (1 to 3600; default 30, the latency of the slowest profile).</summary>
    public int MemorySeconds { get; set; } = 30;

    /// <summary>
    /// Maximum bytes of the object cache, which holds whole older objects that viewers request (0 for none; default 64 MiB, or 40 segments
    /// at 6 Mbit/s). The least recently used are evicted first; objects larger than a quarter of this are not cached. Objects being sent
    /// count. Concurrent requests for one object share a read.
    /// </summary>
    public long ObjectCacheBytes { get; set; } = 64L << 20;

    /// <summary>
    /// Seconds after the last write that uploaded media stays on the local disk (0 to 86400; default 120, longer than a live playlist), for
    /// viewers during outages of the object store. Init segments stay longer. Without a bucket, nothing is retained, because the object
    /// store is the local disk.
    /// </summary>
    public int RetainSeconds { get; set; } = 120;

    /// <summary>
    /// Maximum bytes of such media (0 for none; default 2 GiB, or 120 s at 140 Mbit/s in total). The oldest are removed first. All are
    /// removed in favor of files not yet uploaded: at <see cref="MaxBytes"/>, when the disk is full, and when less than 512 MiB are free.
    /// </summary>
    public long RetainBytes { get; set; } = 2L << 30;

    /// <summary>Minimum free disk space in bytes for retaining files.</summary>
    internal long MinFreeBytes { get; set; } = 512L << 20;

    /// <summary>
    /// Maximum number of concurrent uploads (1 to 64; default 4, enough to fill 1 Gbit/s at 20 ms per request with segments of 1 MB).
    /// </summary>
    public int MaxConcurrentUploads { get; set; } = 4;

    /// <summary>
    /// Seconds after startup before leftover files are uploaded (0 to 600; default 10), so that their writers can truncate and continue
    /// them.
    /// </summary>
    public int RecoverySeconds { get; set; } = 10;

    /// <summary>
    /// Indicates whether each file is flushed to the disk when it is complete, with its folder, before it is uploaded; default
    /// <c>false</c>. A power failure then loses at most the open segment and the events that the journal has not written, instead of about
    /// the last half minute. Packaging waits for the disk, so use it with a fast one.
    /// </summary>
    public bool FlushToDisk { get; set; }
}

/// <summary>Validates <see cref="SpoolOptions"/> and reports all errors.</summary>
internal sealed class SpoolOptionsValidator : IValidateOptions<SpoolOptions>
{
    public ValidateOptionsResult Validate(string? name, SpoolOptions options)
    {
        var errors = new List<string>();
        Check(options.MaxBytes >= 1 << 20, $"Spool:MaxBytes is {options.MaxBytes}: use 1048576 (1 MiB) or more.");
        Check(options.MemoryBytes >= 0, $"Spool:MemoryBytes is {options.MemoryBytes}: use 0 or more.");
        Check(options.ObjectCacheBytes is 0 or >= 1 << 20 and <= 64L << 30,
            $"Spool:ObjectCacheBytes is {options.ObjectCacheBytes}: use 0, or 1048576 (1 MiB) to 64 GiB.");
        Check(options.MemorySeconds is >= 1 and <= 3600, $"Spool:MemorySeconds is {options.MemorySeconds}: use 1 to 3600.");
        Check(options.RetainSeconds is >= 0 and <= 86_400, $"Spool:RetainSeconds is {options.RetainSeconds}: use 0 to 86400.");
        Check(options.RetainBytes >= 0, $"Spool:RetainBytes is {options.RetainBytes}: use 0 or more.");
        Check(options.MaxConcurrentUploads is >= 1 and <= 64,
            $"Spool:MaxConcurrentUploads is {options.MaxConcurrentUploads}: use 1 to 64.");
        Check(options.RecoverySeconds is >= 0 and <= 600, $"Spool:RecoverySeconds is {options.RecoverySeconds}: use 0 to 600.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(bool isValid, string error)
        {
            if (!isValid)
            {
                errors.Add(error);
            }
        }
    }
}
