using Microsoft.Extensions.Options;

namespace Broadcast.Origin;

/// <summary>How playlists and media are handed out. Section <c>Origin</c>.</summary>
public sealed class OriginOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Origin";

    /// <summary>
    /// How long caches may keep the playlists of a session that is over, and of recordings; 0 to 1 hour. They change no more, but may be deleted: a minute hides that from nobody
    /// for long. The channel's own addresses are always kept short, because the next session begins there.
    /// </summary>
    public TimeSpan EndedPlaylistMaxAge { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Requests that are held at the same time until what they ask for exists; 1 to 1,000,000. One more is asked to try again. Each costs some kilobytes, and a CDN
    /// in front holds its viewers' requests itself.
    /// </summary>
    public int MaxHeldRequests { get; set; } = 50_000;

    /// <summary>
    /// The same of one IPv4 address or IPv6 /64; 1 to 1,000,000. A quarter of all, so that nobody alone has all places, and the many behind a carrier's address have enough. Edges in
    /// <c>Delivery:TrustedProxies</c> hold for many, and are not counted.
    /// </summary>
    public int MaxHeldPerClient { get; set; } = 12_500;

    /// <summary>
    /// Media that is sent to one IPv4 address or IPv6 /64 at the same time, in requests; 1 to 1,000,000. A quarter of the connections that the server takes. Edges in
    /// <c>Delivery:TrustedProxies</c> are not counted.
    /// </summary>
    public int MaxOpenPerClient { get; set; } = 12_500;

    /// <summary>
    /// Beacons a second that pages which play may send to this process, 10 to 100,000. When the audience is larger, a share of the pages tells of itself and the others are silent. 500 are a small part of what one core can answer, and
    /// count 15,000 viewers one by one.
    /// </summary>
    public int BeaconsPerSecond { get; set; } = 500;

    /// <summary>
    /// Viewers of a channel that are counted of one IPv4 address or IPv6 /64, 1 to 1,000,000: so many has nobody made up. A campus or a carrier's address has fewer at once. Counts where the viewer's own address is known: without an edge
    /// or proxy in between, or through one in <c>Delivery:TrustedProxies</c>.
    /// </summary>
    public int MaxViewersPerClient { get; set; } = 2_000;

    /// <summary>Whether viewers are told how many watch. The API, the event stream and the metrics tell in any case.</summary>
    public bool ShowViewers { get; set; } = true;

    /// <summary>
    /// How long caches may keep media; 0 to 1 year. Media never changes under its name. A year is the longest that RFC 9111 caches commonly honor.
    /// </summary>
    public TimeSpan MediaMaxAge { get; set; } = TimeSpan.FromDays(365);

    /// <summary>
    /// Sessions of one channel that are kept in memory, the newest; 1 to 100. Older ones can no longer be watched live. Four are the one that runs, the one
    /// before it, and two for players that linger.
    /// </summary>
    public int MaxSessionsPerChannel { get; set; } = 4;

    /// <summary>
    /// Bytes of memory for what manifests say of the past that viewers can go back to, 1 MiB to 4 GiB, for all sessions together. What is more is read from storage again: some
    /// hundred bytes a segment and rendition.
    /// </summary>
    public long ChapterMemory { get; set; } = 32 << 20;

    /// <summary>
    /// Bytes of memory for sessions that are replayed and are not live any more, 1 MiB to 4 GiB, counted by their journals: some hundred kilobytes each. What is more is read from storage again.
    /// </summary>
    public long RecordingMemory { get; set; } = 32 << 20;

    /// <summary>
    /// Playlists of ranges (<c>?start=…&amp;end=…</c>) and of recordings that are drawn at the same time; 1 to 1,024. Each 2,500 segments that one looks at count as one more. Whoever asks for another meanwhile is
    /// asked to come again at once. All together they take some 50 MB for so long, or more when a single one does.
    /// </summary>
    public int MaxRangeDrawings { get; set; } = 32;

    /// <summary>Bytes of memory for playlists of ranges and recordings that were drawn, 1 MiB to 4 GiB: many who ask for the same range, one after another, cost one drawing. One over half of it is not kept.</summary>
    public long RangeMemory { get; set; } = 16 << 20;

    /// <summary>
    /// Turns for laying downloads out; 1 to 64. An hour and a half of pictures and sound takes one, twelve hours take nine or all there are. Whoever asks for another meanwhile is asked to come again. Each
    /// takes several times the memory of its tables for so long.
    /// </summary>
    public int MaxDownloadDrawings { get; set; } = 8;

    /// <summary>
    /// Bytes of memory for the tables of downloads that go on or may go on, 1 MiB to 1 GiB, and the most that one may have: twelve hours of 30 pictures a second with sound have some 30 MB. What is longer has
    /// to be downloaded in clips.
    /// </summary>
    public long DownloadMemory { get; set; } = 128 << 20;

    /// <summary>
    /// Whether playlists and MPDs of public channels and of their recordings are also put beside their media in the store, so that a CDN on the bucket alone can serve standard latency and replay. Off, because each segment of a rendition
    /// then costs a request more.
    /// </summary>
    public bool BucketLists { get; set; }

    /// <summary>Shortest text that is compressed, in bytes, 0 or more. Below a network packet's fraction nothing is gained.</summary>
    public int MinimumCompressedLength { get; set; } = 256;
}

internal sealed class OriginOptionsValidator : IValidateOptions<OriginOptions>
{
    public ValidateOptionsResult Validate(string? name, OriginOptions options)
    {
        var mistakes = new ValidateOptionsResultBuilder();
        Check(options.EndedPlaylistMaxAge >= TimeSpan.Zero && options.EndedPlaylistMaxAge <= TimeSpan.FromHours(1),
            nameof(OriginOptions.EndedPlaylistMaxAge), options.EndedPlaylistMaxAge, "0 to 1 hour");
        Check(options.MediaMaxAge >= TimeSpan.Zero && options.MediaMaxAge <= TimeSpan.FromDays(365),
            nameof(OriginOptions.MediaMaxAge), options.MediaMaxAge, "0 to 365 days");
        Check(options.MaxHeldRequests is >= 1 and <= 1_000_000, nameof(OriginOptions.MaxHeldRequests), options.MaxHeldRequests, "1 to 1,000,000");
        Check(options.MaxHeldPerClient is >= 1 and <= 1_000_000, nameof(OriginOptions.MaxHeldPerClient), options.MaxHeldPerClient, "1 to 1,000,000");
        Check(options.MaxOpenPerClient is >= 1 and <= 1_000_000, nameof(OriginOptions.MaxOpenPerClient), options.MaxOpenPerClient, "1 to 1,000,000");
        Check(options.BeaconsPerSecond is >= 10 and <= 100_000, nameof(OriginOptions.BeaconsPerSecond), options.BeaconsPerSecond, "10 to 100,000");
        Check(options.MaxViewersPerClient is >= 1 and <= 1_000_000, nameof(OriginOptions.MaxViewersPerClient), options.MaxViewersPerClient, "1 to 1,000,000");
        Check(options.MaxSessionsPerChannel is >= 1 and <= 100, nameof(OriginOptions.MaxSessionsPerChannel), options.MaxSessionsPerChannel, "1 to 100");
        Check(options.ChapterMemory is >= 1 << 20 and <= 4L << 30, nameof(OriginOptions.ChapterMemory), options.ChapterMemory, "1048576 to 4294967296");
        Check(options.RecordingMemory is >= 1 << 20 and <= 4L << 30, nameof(OriginOptions.RecordingMemory), options.RecordingMemory, "1048576 to 4294967296");
        Check(options.MaxRangeDrawings is >= 1 and <= 1024, nameof(OriginOptions.MaxRangeDrawings), options.MaxRangeDrawings, "1 to 1,024");
        Check(options.RangeMemory is >= 1 << 20 and <= 4L << 30, nameof(OriginOptions.RangeMemory), options.RangeMemory, "1048576 to 4294967296");
        Check(options.MaxDownloadDrawings is >= 1 and <= 64, nameof(OriginOptions.MaxDownloadDrawings), options.MaxDownloadDrawings, "1 to 64");
        Check(options.DownloadMemory is >= 1 << 20 and <= 1L << 30, nameof(OriginOptions.DownloadMemory), options.DownloadMemory, "1048576 to 1073741824");
        Check(options.MinimumCompressedLength >= 0, nameof(OriginOptions.MinimumCompressedLength), options.MinimumCompressedLength, "0 or more");
        return mistakes.Build();

        void Check(bool good, string property, object value, string range)
        {
            if (!good)
            {
                mistakes.AddError($"{OriginOptions.Section}:{property} is {value}, but must be {range}.");
            }
        }
    }
}
