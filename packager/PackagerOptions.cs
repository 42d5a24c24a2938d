using Broadcast.Packager.Segmentation;
using Microsoft.Extensions.Options;

namespace Broadcast.Packager;

/// <summary>
/// Limits of the packager; section <c>Packager</c>. Durations of segments, parts and the live window come from each session's latency
/// profile.
/// </summary>
public sealed class PackagerOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Packager";

    /// <summary>
    /// Maximum number of renditions of an encoder, 1 to 64. Each one costs a growing file and about one append per part. A session may have
    /// twice as many in total, for encoders that return with other renditions.
    /// </summary>
    public int MaxRenditions { get; set; } = 16;

    /// <summary>
    /// Maximum number of samples in a part, 16 to 65,536. Reached only when timestamps hardly advance; the part is then closed early.
    /// </summary>
    public int MaxPartSamples { get; set; } = 4096;

    /// <summary>
    /// Maximum bytes of a part, 65,536 to 1,073,741,824: the memory of one rendition before a write. With parts of 1 s, 16 MiB are 134
    /// Mbit/s.
    /// </summary>
    public long MaxPartBytes { get; set; } = 16 << 20;

    /// <summary>
    /// Maximum number of samples of a rendition that wait for the leading rendition, 16 to 65,536. Further samples are dropped and counted.
    /// </summary>
    public int MaxWaitingSamples { get; set; } = 2048;

    /// <summary>
    /// Maximum bytes of a session's samples that wait for the leading rendition, 1,048,576 to 1,073,741,824. A rendition beyond it loses
    /// samples up to its next keyframe that fits.
    /// </summary>
    public long MaxWaitingBytes { get; set; } = 32 << 20;

    /// <summary>
    /// Media time after which a new journal file starts and the old one is uploaded, 1 s to 10 min. When a machine is lost, later events
    /// are lost.
    /// </summary>
    public TimeSpan JournalRotation { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Number of events after which a new journal file starts, 100 to 100,000.</summary>
    public int JournalEvents { get; set; } = 5000;

    /// <summary>
    /// Media time of the segments in one index block, 1 s to 10 min; less with a DVR window of a few minutes. Applies to segments that
    /// leave the live window of a session with a DVR window. The live window is longer by up to this time.
    /// </summary>
    public TimeSpan IndexBlockDuration { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Timeout for each listing page and each session's journal during the first recovery after a start, 1 to 60 s. The server then
    /// continues with the data folder and retries in the background.
    /// </summary>
    public TimeSpan StoreTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Delay between attempts on an unavailable store or a failing disk, 100 ms to 10 min.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(2);

    internal SegmenterLimits SegmenterLimits => new(MaxRenditions, MaxPartSamples, MaxPartBytes, MaxWaitingSamples, MaxWaitingBytes);
}

/// <summary>Validates the options and reports all errors at once.</summary>
internal sealed class PackagerOptionsValidator : IValidateOptions<PackagerOptions>
{
    public ValidateOptionsResult Validate(string? name, PackagerOptions options)
    {
        List<string> errors = [];
        void Check(string option, IComparable value, IComparable low, IComparable high)
        {
            if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
            {
                errors.Add($"{PackagerOptions.Section}:{option} is {value}, but must be {low} to {high}.");
            }
        }

        Check(nameof(options.MaxRenditions), options.MaxRenditions, 1, 64);
        Check(nameof(options.MaxPartSamples), options.MaxPartSamples, 16, 65_536);
        Check(nameof(options.MaxPartBytes), options.MaxPartBytes, 65_536L, 1L << 30);
        Check(nameof(options.MaxWaitingSamples), options.MaxWaitingSamples, 16, 65_536);
        Check(nameof(options.MaxWaitingBytes), options.MaxWaitingBytes, 1L << 20, 1L << 30);
        Check(nameof(options.JournalRotation), options.JournalRotation, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Check(nameof(options.JournalEvents), options.JournalEvents, 100, 100_000);
        Check(nameof(options.IndexBlockDuration), options.IndexBlockDuration, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Check(nameof(options.StoreTimeout), options.StoreTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        Check(nameof(options.RetryInterval), options.RetryInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
