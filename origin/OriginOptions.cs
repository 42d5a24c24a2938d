using Microsoft.Extensions.Options;

namespace Broadcast.Origin;

/// <summary>Delivery of manifests and media. Section <c>Origin</c>.</summary>
public sealed class OriginOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Origin";

    /// <summary>
    /// Cache lifetime of the playlists of ended sessions and of recordings; 0 to 1 hour. They no longer change but may be deleted, and one
    /// minute limits how long caches serve a deleted one. The channel's own URLs always have a short lifetime, because the next session
    /// starts there.
    /// </summary>
    public TimeSpan EndedPlaylistMaxAge { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Maximum requests held at the same time until the requested media exists; 1 to 1,000,000. Further requests are asked to retry. Each
    /// held request costs some kilobytes, and a CDN in front holds its viewers' requests itself.
    /// </summary>
    public int MaxHeldRequests { get; set; } = 50_000;

    /// <summary>
    /// Maximum held requests of one IPv4 address or IPv6 /64; 1 to 1,000,000. A quarter of the total, so that no single client takes all
    /// slots, and the clients behind a carrier's shared address have enough. Edges in <c>Delivery:TrustedProxies</c> hold requests for many
    /// viewers and are not limited.
    /// </summary>
    public int MaxHeldPerClient { get; set; } = 12_500;

    /// <summary>
    /// Maximum concurrent media requests of one IPv4 address or IPv6 /64; 1 to 1,000,000. A quarter of the server's connections. Edges in
    /// <c>Delivery:TrustedProxies</c> are not limited.
    /// </summary>
    public int MaxOpenPerClient { get; set; } = 12_500;

    /// <summary>
    /// Beacons per second that playing pages may send to this process; 10 to 100,000. With more viewers, only a sample of the pages sends
    /// beacons. 500 use a small part of one core, and count 15,000 viewers exactly.
    /// </summary>
    public int BeaconsPerSecond { get; set; } = 500;

    /// <summary>
    /// Maximum viewers counted per channel for one IPv4 address or IPv6 /64; 1 to 1,000,000. Limits forged viewer counts. A campus or a
    /// carrier's address has fewer viewers at once. Applies where the viewer's own address is known: without an edge or proxy, or behind
    /// one in <c>Delivery:TrustedProxies</c>.
    /// </summary>
    public int MaxViewersPerClient { get; set; } = 2_000;

    /// <summary>Indicates whether viewers see the viewer count. The API, the event stream and the metrics always include it.</summary>
    public bool ShowViewers { get; set; } = true;

    /// <summary>
    /// Cache lifetime of media; 0 to 1 year. Media never changes under its name. One year is the longest lifetime that RFC 9111 caches
    /// commonly honor.
    /// </summary>
    public TimeSpan MediaMaxAge { get; set; } = TimeSpan.FromDays(365);

    /// <summary>
    /// Maximum sessions per channel in memory; 1 to 100. The oldest are removed and can no longer be watched live. Four are the current
    /// session, the previous one, and two for players that are still open.
    /// </summary>
    public int MaxSessionsPerChannel { get; set; } = 4;

    /// <summary>
    /// Bytes of memory for index blocks of DVR windows; 1 MiB to 4 GiB, for all sessions together. Further blocks are read from storage
    /// again. A segment takes some hundred bytes per rendition.
    /// </summary>
    public long IndexBlockCacheBytes { get; set; } = 32 << 20;

    /// <summary>
    /// Bytes of memory for the timelines of recorded sessions that are no longer live; 1 MiB to 4 GiB. A timeline counts as the size of its
    /// journal, some hundred kilobytes. Further timelines are read from storage again.
    /// </summary>
    public long RecordingCacheBytes { get; set; } = 32 << 20;

    /// <summary>
    /// Maximum playlists of time ranges (<c>?start=…&amp;end=…</c>) that are rendered at the same time, and as many of recordings; 1 to
    /// 1,024. Each 2,500 segments that a playlist covers count as one more, up to half of the limit. One client has at most half of it.
    /// Further requests are asked to retry at once. Together the renderings of time ranges, or of recordings, take some 50 MB, or more when
    /// a single one does.
    /// </summary>
    public int MaxConcurrentRenders { get; set; } = 32;

    /// <summary>
    /// Bytes of memory for rendered playlists of time ranges and recordings; 1 MiB to 4 GiB. Repeated requests for a range are rendered
    /// once. A playlist larger than half of it is not cached.
    /// </summary>
    public long RangeCacheBytes { get; set; } = 16 << 20;

    /// <summary>
    /// Slots for building download layouts; 1 to 64. 90 minutes of video and audio take one, and a build takes at most half of the
    /// slots. So does one client. Further requests are asked to retry. A build temporarily takes several times the memory of its tables.
    /// </summary>
    public int MaxConcurrentDownloadBuilds { get; set; } = 8;

    /// <summary>
    /// Bytes of memory for the tables of active and recent downloads, and the maximum for one of them; 1 MiB to 1 GiB. Twelve hours of 30
    /// frames per second with audio need some 30 MB. Longer recordings must be downloaded in clips.
    /// </summary>
    public long DownloadCacheBytes { get; set; } = 128 << 20;

    /// <summary>
    /// Indicates whether the manifests of public channels and of their recordings are also written to the object store. A CDN on the bucket
    /// alone can then serve standard latency and VOD. Off by default, because each segment of a rendition then costs one more request.
    /// </summary>
    public bool PublishManifests { get; set; }

    /// <summary>
    /// Minimum length of a text response that is compressed, in bytes; 0 or more. Compressing less than a fraction of a network packet
    /// gains nothing.
    /// </summary>
    public int MinimumCompressedLength { get; set; } = 256;
}

internal sealed class OriginOptionsValidator : IValidateOptions<OriginOptions>
{
    public ValidateOptionsResult Validate(string? name, OriginOptions options)
    {
        var errors = new ValidateOptionsResultBuilder();
        Check(options.EndedPlaylistMaxAge >= TimeSpan.Zero && options.EndedPlaylistMaxAge <= TimeSpan.FromHours(1),
            nameof(OriginOptions.EndedPlaylistMaxAge), options.EndedPlaylistMaxAge, "0 to 1 hour");
        Check(options.MediaMaxAge >= TimeSpan.Zero && options.MediaMaxAge <= TimeSpan.FromDays(365),
            nameof(OriginOptions.MediaMaxAge), options.MediaMaxAge, "0 to 365 days");
        Check(options.MaxHeldRequests is >= 1 and <= 1_000_000, nameof(OriginOptions.MaxHeldRequests), options.MaxHeldRequests,
            "1 to 1,000,000");
        Check(options.MaxHeldPerClient is >= 1 and <= 1_000_000, nameof(OriginOptions.MaxHeldPerClient), options.MaxHeldPerClient,
            "1 to 1,000,000");
        Check(options.MaxOpenPerClient is >= 1 and <= 1_000_000, nameof(OriginOptions.MaxOpenPerClient), options.MaxOpenPerClient,
            "1 to 1,000,000");
        Check(options.BeaconsPerSecond is >= 10 and <= 100_000, nameof(OriginOptions.BeaconsPerSecond), options.BeaconsPerSecond,
            "10 to 100,000");
        Check(options.MaxViewersPerClient is >= 1 and <= 1_000_000, nameof(OriginOptions.MaxViewersPerClient), options.MaxViewersPerClient,
            "1 to 1,000,000");
        Check(options.MaxSessionsPerChannel is >= 1 and <= 100, nameof(OriginOptions.MaxSessionsPerChannel), options.MaxSessionsPerChannel,
            "1 to 100");
        Check(options.IndexBlockCacheBytes is >= 1 << 20 and <= 4L << 30, nameof(OriginOptions.IndexBlockCacheBytes),
            options.IndexBlockCacheBytes, "1048576 to 4294967296");
        Check(options.RecordingCacheBytes is >= 1 << 20 and <= 4L << 30, nameof(OriginOptions.RecordingCacheBytes),
            options.RecordingCacheBytes, "1048576 to 4294967296");
        Check(options.MaxConcurrentRenders is >= 1 and <= 1024, nameof(OriginOptions.MaxConcurrentRenders), options.MaxConcurrentRenders,
            "1 to 1,024");
        Check(options.RangeCacheBytes is >= 1 << 20 and <= 4L << 30, nameof(OriginOptions.RangeCacheBytes), options.RangeCacheBytes,
            "1048576 to 4294967296");
        Check(options.MaxConcurrentDownloadBuilds is >= 1 and <= 64, nameof(OriginOptions.MaxConcurrentDownloadBuilds),
            options.MaxConcurrentDownloadBuilds, "1 to 64");
        Check(options.DownloadCacheBytes is >= 1 << 20 and <= 1L << 30, nameof(OriginOptions.DownloadCacheBytes),
            options.DownloadCacheBytes, "1048576 to 1073741824");
        Check(options.MinimumCompressedLength >= 0, nameof(OriginOptions.MinimumCompressedLength), options.MinimumCompressedLength,
            "0 or more");
        return errors.Build();

        void Check(bool isValid, string property, object value, string range)
        {
            if (!isValid)
            {
                errors.AddError($"{OriginOptions.Section}:{property} is {value}, but must be {range}.");
            }
        }
    }
}
