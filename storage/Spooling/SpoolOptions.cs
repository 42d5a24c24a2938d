using Microsoft.Extensions.Options;

namespace Broadcast.Storage.Spooling;

/// <summary>How media waits for the object store; configuration section <c>Spool</c>.</summary>
public sealed class SpoolOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Spool";

    /// <summary>
    /// Bytes on disk at most (1 MiB or more; default 20 GiB). When the store has not taken what is there and this is reached, appending fails: what was
    /// announced is kept rather than what is new. At 100 Mbit/s in all, 20 GiB is a store's outage of 28 minutes.
    /// </summary>
    public long MaxBytes { get; set; } = 20L << 30;

    /// <summary>
    /// Bytes of young media kept in memory at most (0 for none; default 64 MiB, which is 30 s of 18 Mbit/s in all); the oldest go first. What is asked for behind that comes from its file,
    /// which the system's page cache holds while it is young.
    /// </summary>
    public long MemoryBytes { get; set; } = 64L << 20;

    /// <summary>Seconds that media stays in memory at most (1 to 3600; default 30, which is where the slowest latency profile still plays).</summary>
    public int MemorySeconds { get; set; } = 30;

    /// <summary>
    /// Bytes of whole objects kept in memory once somebody asked for them behind that, at most (0 for none; default 64 MiB, which is forty segments at 6 Mbit/s); those let go of longest ago
    /// go first, and none over a quarter of this is kept. What is still being sent counts until it is sent. Many who ask for one at once make one read of disk or store.
    /// </summary>
    public long HotBytes { get; set; } = 64L << 20;

    /// <summary>
    /// Seconds after it was written that media stays on this disk although the store has it (0 to 86400; default 120, which is longer than a live playlist): for viewers, when the store goes away. Init segments stay beyond that. Without a
    /// bucket, where the store is this disk, there is nothing to keep.
    /// </summary>
    public int KeepSeconds { get; set; } = 120;

    /// <summary>
    /// Bytes of such media at most (0 for none; default 2 GiB, which is 120 s of 140 Mbit/s in all); the oldest go first. All give way to what the store does not have yet, at <see cref="MaxBytes"/>, when the disk is
    /// full, and when less than 512 MiB are free on it.
    /// </summary>
    public long KeepBytes { get; set; } = 2L << 30;

    /// <summary>Bytes that stay free on the disk before any are kept.</summary>
    internal long LeastFreeBytes { get; set; } = 512L << 20;

    /// <summary>Uploads at a time (1 to 64; default 4, enough to fill 1 Gbit/s at 20 ms a request with segments of 1 MB).</summary>
    public int Uploads { get; set; } = 4;

    /// <summary>Seconds after the start before files left by an earlier process are uploaded (0 to 600; default 10), so that who wrote them can still cut and go on with them.</summary>
    public int RecoverySeconds { get; set; } = 10;
}

/// <summary>Lists everything that is wrong with <see cref="SpoolOptions"/>.</summary>
internal sealed class SpoolOptionsValidator : IValidateOptions<SpoolOptions>
{
    public ValidateOptionsResult Validate(string? name, SpoolOptions options)
    {
        var mistakes = new List<string>();
        Check(options.MaxBytes >= 1 << 20, $"Spool:MaxBytes is {options.MaxBytes}: use 1048576 (1 MiB) or more.");
        Check(options.MemoryBytes >= 0, $"Spool:MemoryBytes is {options.MemoryBytes}: use 0 or more.");
        Check(options.HotBytes is 0 or >= 1 << 20 and <= 64L << 30, $"Spool:HotBytes is {options.HotBytes}: use 0, or 1048576 (1 MiB) to 64 GiB.");
        Check(options.MemorySeconds is >= 1 and <= 3600, $"Spool:MemorySeconds is {options.MemorySeconds}: use 1 to 3600.");
        Check(options.KeepSeconds is >= 0 and <= 86_400, $"Spool:KeepSeconds is {options.KeepSeconds}: use 0 to 86400.");
        Check(options.KeepBytes >= 0, $"Spool:KeepBytes is {options.KeepBytes}: use 0 or more.");
        Check(options.Uploads is >= 1 and <= 64, $"Spool:Uploads is {options.Uploads}: use 1 to 64.");
        Check(options.RecoverySeconds is >= 0 and <= 600, $"Spool:RecoverySeconds is {options.RecoverySeconds}: use 0 to 600.");
        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);

        void Check(bool good, string mistake)
        {
            if (!good)
            {
                mistakes.Add(mistake);
            }
        }
    }
}
