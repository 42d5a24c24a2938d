using System.Net;
using System.Threading.Channels;
using Broadcast.Media.Ladders;

namespace Broadcast.Media;

/// <summary>An encoder's request to publish.</summary>
/// <param name="StreamKey">The stream key. Never logged, and never part of a name or a URL.</param>
/// <param name="Remote">Remote address of the encoder.</param>
/// <param name="Encoder">Encoder name (<c>flashVer</c> or the metadata's <c>encoder</c>), without control characters; empty when
/// unknown.</param>
public sealed record PublishRequest(string StreamKey, EndPoint? Remote, string Encoder)
{
    /// <summary>Connection details sent by the encoder, without the key; empty values when unknown.</summary>
    public PublishConnectInfo Target { get; init; } = PublishConnectInfo.Unknown;

    /// <summary>A description without the key.</summary>
    public override string ToString() => $"publish from {Remote}";
}

/// <summary>
/// Connection details as sent by the encoder, passed on to auth callbacks. All values are untrusted and may contain secrets.
/// </summary>
/// <param name="Application">First segment of the path, such as <c>live</c>.</param>
/// <param name="TcUrl"><c>tcUrl</c> of the <c>connect</c> command.</param>
/// <param name="SwfUrl"><c>swfUrl</c> of the <c>connect</c> command; usually empty.</param>
/// <param name="PageUrl"><c>pageUrl</c> of the <c>connect</c> command; usually empty.</param>
/// <param name="Query">Query string of the stream name, or else of the application; without the <c>?</c>.</param>
/// <param name="IsEncrypted">Whether the connection uses TLS.</param>
public sealed record PublishConnectInfo(string Application, string TcUrl, string SwfUrl, string PageUrl, string Query, bool IsEncrypted)
{
    /// <summary>Maximum length of each value, in characters; longer values are dropped.</summary>
    public const int MaxText = 2048;

    /// <summary>An instance without details.</summary>
    public static PublishConnectInfo Unknown { get; } = new("", "", "", "", "", IsEncrypted: false);

    /// <summary>A description without possible secrets.</summary>
    public override string ToString() => Application;
}

/// <summary>Permission to publish to one channel and session.</summary>
/// <param name="PublicationId">Publication ID, for <see cref="IPublishAuthorizer.ReportEndAsync"/>.</param>
/// <param name="Session">The session that the publication starts or continues.</param>
/// <param name="Ladder">The channel's ladder as text, such as <c>passthrough</c> (<see cref="LadderSpec"/>).</param>
/// <param name="Revoked">Canceled when the permission is withdrawn (key revoked, channel deleted, session ended by an operator); the
/// publisher is then disconnected.</param>
public sealed record PublishGrant(Guid PublicationId, BroadcastSession Session, string Ladder, CancellationToken Revoked)
{
    /// <summary>
    /// The channel input of the publication. Two publications of one session with different roles may run at the same time.
    /// </summary>
    public InputRole Role { get; init; }

    /// <summary>
    /// Languages of audio tracks in the encoder's order, for tracks without their own; <see cref="TrackLanguages.Undetermined"/> where the
    /// channel sets none.
    /// </summary>
    public IReadOnlyList<string> AudioLanguages { get; init; } = [];

    /// <summary>Canceled when the session ends, for stages that outlive the encoder. By default never canceled.</summary>
    public CancellationToken SessionEnded { get; init; }

    /// <summary>State shared by the authorizer and the publisher's connection while the permission lasts.</summary>
    public PublicationState State { get; init; } = new();
}

/// <summary>Inputs of a channel.</summary>
public enum InputRole
{
    /// <summary>The input that is on air whenever it is healthy.</summary>
    Primary,

    /// <summary>The standby for the primary input.</summary>
    Backup,
}

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

/// <summary>Reasons for rejecting a publisher.</summary>
public enum PublishRejectionReason
{
    /// <summary>The key is unknown or revoked; the two cases are indistinguishable.</summary>
    UnknownKey,

    /// <summary>Another encoder is publishing on this channel.</summary>
    ChannelBusy,

    /// <summary>Too many invalid keys from the address.</summary>
    TooManyAttempts,

    /// <summary>The control module did not answer in time.</summary>
    AuthorityUnavailable,

    /// <summary>The server is stopping.</summary>
    ShuttingDown,

    /// <summary>The channel's event has ended recently, and its encoder must not start a new session.</summary>
    EventOver,
}

/// <summary>Result of a publish authorization.</summary>
public abstract record PublishDecision
{
    private PublishDecision() { }

    /// <summary>The encoder may publish.</summary>
    public sealed record Granted(PublishGrant Grant) : PublishDecision;

    /// <summary>The encoder is rejected. <paramref name="Message"/> is shown at the encoder and contains no secret.</summary>
    public sealed record Rejected(PublishRejectionReason Reason, string Message) : PublishDecision;
}

/// <summary>Authorization of publishers, which ingest requests from control. The caller's token limits the time.</summary>
public interface IPublishAuthorizer
{
    /// <summary>Authorizes a publisher, and starts or continues the channel's session when it is granted.</summary>
    ValueTask<PublishDecision> AuthorizeAsync(PublishRequest request, CancellationToken cancellationToken);

    /// <summary>Reports the end of a granted publication; called exactly once per grant. Starts the reconnect window.</summary>
    ValueTask ReportEndAsync(PublishGrant grant, string reason, CancellationToken cancellationToken);
}

/// <summary>
/// The tracks and samples of one publisher. <see cref="Samples"/> is a bounded queue: when the consumer is slow, the writer drops samples
/// up to the track's next sync sample and counts them. It never waits. The queue completes when the encoder disconnects, never with an
/// exception.
/// </summary>
/// <param name="Grant">Permission of the publisher.</param>
/// <param name="Tracks">Tracks known at the start; samples may introduce others later.</param>
/// <param name="Samples">Samples of all tracks in order of arrival, with times on the session's timeline.</param>
public sealed record Publication(PublishGrant Grant, IReadOnlyList<Track> Tracks, ChannelReader<MediaSample> Samples)
{
    /// <summary>Indicates whether this is the slate, which replaces absent encoders. Publications from ingest never are.</summary>
    public bool IsSlate { get; init; }
}

/// <summary>Destination of new publications, from ingest to the transcoder.</summary>
public interface IPublicationSink
{
    /// <summary>Owns <paramref name="publication"/> until the returned task completes, when all samples have been passed on.</summary>
    Task RunAsync(Publication publication, CancellationToken cancellationToken);
}

/// <summary>A rendition of a session.</summary>
/// <param name="Name">Name in URLs: <c>source</c>, <c>720p</c>, <c>audio</c>; 1 to 32 of <c>a-z 0-9 -</c>.</param>
/// <param name="Kind">Media type.</param>
/// <param name="IsLeading">Whether segment boundaries of all renditions follow this rendition's sync samples; true for exactly one in a
/// set.</param>
public sealed record Rendition(string Name, TrackKind Kind, bool IsLeading);

/// <summary>A sample and its rendition.</summary>
public readonly record struct RenditionSample(Rendition Rendition, MediaSample Sample);

/// <summary>
/// All renditions of one publication, as one queue in order of arrival. Bounded, with the drop policy of <see cref="Publication.Samples"/>.
/// </summary>
/// <param name="Session">The session.</param>
/// <param name="Renditions">Renditions known at the start; samples may introduce others later.</param>
/// <param name="Samples">Samples of all renditions.</param>
public sealed record RenditionSet(BroadcastSession Session, IReadOnlyList<Rendition> Renditions, ChannelReader<RenditionSample> Samples)
{
    /// <summary>Indicates whether the renditions belong to the slate, which replaces absent encoders.</summary>
    public bool IsSlate { get; init; }
}

/// <summary>Destination of a publication's renditions, from the transcoder to the packager.</summary>
public interface IRenditionSink
{
    /// <summary>Owns <paramref name="renditions"/> until the returned task completes, when all samples are on the timeline.</summary>
    Task RunAsync(RenditionSet renditions, CancellationToken cancellationToken);
}

/// <summary>Decisions about sessions by operators and the reconnect window, from control to the packager.</summary>
public interface ISessionLifecycle
{
    /// <summary>Ends a session: closes its last segment and marks the timeline as ended. Ended and unknown sessions are ignored.</summary>
    ValueTask EndAsync(ChannelName channel, SessionId session, string reason, CancellationToken cancellationToken);

    /// <summary>
    /// Releases a session that another server owns. This server stops serving and writing it, discards what it recovered at startup, and
    /// leaves its objects in the store. A session whose media arrives here is not released.
    /// </summary>
    ValueTask ReleaseAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Deletes all files and objects of an ended session in spool and object store.</summary>
    ValueTask ForgetAsync(ChannelName channel, SessionId session, CancellationToken cancellationToken);

    /// <summary>Media totals of an ended session; <see langword="null"/> when unknown. Must not block.</summary>
    SessionMediaTotals? TotalsOf(SessionId session) => null;
}

/// <summary>Media totals of a session since this process owns it.</summary>
/// <param name="Segments">Highest sequence number.</param>
/// <param name="Renditions">Names of the renditions.</param>
/// <param name="Bytes">Bytes of media written for upload.</param>
/// <param name="Gaps">Number of gaps over all renditions.</param>
public sealed record SessionMediaTotals(long Segments, IReadOnlyList<string> Renditions, long Bytes, long Gaps);
