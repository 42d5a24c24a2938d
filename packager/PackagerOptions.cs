using Microsoft.Extensions.Options;

namespace Broadcast.Packager;

/// <summary>Limits of the packager; section <c>Packager</c>. The lengths of segments, parts and the window come with each session's latency profile instead.</summary>
public sealed class PackagerOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Packager";

    /// <summary>Renditions of a session at most, 1 to 64. Each costs a file that grows and about one append a part.</summary>
    public int MaxRenditions { get; set; } = 16;

    /// <summary>Samples of a part at most, 16 to 65,536. A part reaches it only when the encoder's times hardly advance; then it is closed early.</summary>
    public int MaxPartSamples { get; set; } = 4096;

    /// <summary>Bytes of a part at most, 65,536 to 1,073,741,824: what one rendition keeps in memory before it is written. At 1 s, 16 MiB are 134 Mbit/s.</summary>
    public long MaxPartBytes { get; set; } = 16 << 20;

    /// <summary>Samples of a rendition that may wait until the leading one has come to their time, 16 to 65,536. Beyond it they are dropped and counted.</summary>
    public int MaxWaitingSamples { get; set; } = 2048;

    /// <summary>Media time after which the journal goes on in a new file and the old one goes to the object store, 1 s to 10 min. What a lost machine had since is lost.</summary>
    public TimeSpan JournalRotation { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Events after which the journal goes on in a new file, whatever their time: 100 to 100,000.</summary>
    public int JournalEvents { get; set; } = 5000;

    /// <summary>
    /// Media time of what leaves the live window of a session that can be rewound and is put into one chapter, 1 s to 10 min; less where the session can be rewound for a few minutes
    /// only. The live window is longer by up to this.
    /// </summary>
    public TimeSpan ChapterLength { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the start waits for the object store before it goes on with what the data folder has, 1 to 60 s. The store is then asked again in the background.</summary>
    public TimeSpan StoreTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait between two attempts on a store that did not answer, or a disk that refused: 100 ms to 10 min.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(2);

    internal SegmenterLimits SegmenterLimits => new(MaxRenditions, MaxPartSamples, MaxPartBytes, MaxWaitingSamples);
}

/// <summary>Finds every mistake at once.</summary>
internal sealed class PackagerOptionsValidation : IValidateOptions<PackagerOptions>
{
    public ValidateOptionsResult Validate(string? name, PackagerOptions options)
    {
        List<string> mistakes = [];
        void Check(string option, IComparable value, IComparable low, IComparable high)
        {
            if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
            {
                mistakes.Add($"{PackagerOptions.Section}:{option} is {value}, but must be {low} to {high}.");
            }
        }

        Check(nameof(options.MaxRenditions), options.MaxRenditions, 1, 64);
        Check(nameof(options.MaxPartSamples), options.MaxPartSamples, 16, 65_536);
        Check(nameof(options.MaxPartBytes), options.MaxPartBytes, 65_536L, 1L << 30);
        Check(nameof(options.MaxWaitingSamples), options.MaxWaitingSamples, 16, 65_536);
        Check(nameof(options.JournalRotation), options.JournalRotation, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Check(nameof(options.JournalEvents), options.JournalEvents, 100, 100_000);
        Check(nameof(options.ChapterLength), options.ChapterLength, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Check(nameof(options.StoreTimeout), options.StoreTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        Check(nameof(options.RetryInterval), options.RetryInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        return mistakes.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(mistakes);
    }
}
