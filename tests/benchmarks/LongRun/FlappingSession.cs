using System.Text.Json;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Origin.Live;
using Broadcast.Packager;
using Broadcast.Packager.Sessions;
using Broadcast.Storage.Objects;
using Broadcast.Storage.Spooling;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Benchmarks;

/// <summary>Sizes of a session at one moment.</summary>
/// <param name="CheckpointEvents">Events of the longest checkpoint of a journal file since the previous measurement.</param>
/// <param name="CheckpointBytes">Bytes of the longest checkpoint, with the header of its file.</param>
/// <param name="PlaylistBytes">Bytes of the media playlist.</param>
/// <param name="MpdBytes">Bytes of the MPD.</param>
/// <param name="ManagedBytes">Managed memory of the process after a collection.</param>
internal sealed record SessionSizes(int CheckpointEvents, int CheckpointBytes, int PlaylistBytes, int MpdBytes, long ManagedBytes);

/// <summary>
/// A session on a manual clock whose encoder is lost once a minute: 50 s of the source, then 10 s of the slate. Packager, spool and the
/// origin's manifests are those of the server; frames are small and few, so that a day takes seconds. The object store keeps only what the
/// server reads again.
/// </summary>
internal sealed class FlappingSession : IAsyncDisposable, ITimelineSink
{
    private const int SourceSeconds = 50;
    private const int MaxWaitingFiles = 200;
    private const int MaxJournalBytes = 64 << 20;

    /// <summary>Segments of 10 s with one part each.</summary>
    private static readonly LatencyProfile Latency = LatencyProfile.Safe with { PartTarget = TimeSpan.FromSeconds(10) };

    private static readonly Track Source = TrackOf("C8");
    private static readonly Track Slate = TrackOf("C9");
    private static readonly Rendition Rendition = new("source", TrackKind.Video, IsLeading: true);

    private readonly ManualTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly DeferredWork _deferred;
    private readonly Spool _spool;
    private readonly Task _uploading;
    private readonly PackagingStage _stage;
    private readonly BroadcastSession _session;
    private readonly LiveSession _live;
    private long _minutes;
    private (int Events, int Bytes) _longest;

    /// <param name="folder">Folder of the spool.</param>
    /// <param name="isRecorded">Whether the session is recorded.</param>
    public FlappingSession(string folder, bool isRecorded)
    {
        _session = new BroadcastSession(ChannelName.Parse("main"), SessionId.New(_time.GetUtcNow()), 1, _time.GetUtcNow(), Latency)
        {
            IsRecorded = isRecorded,
        };
        _live = new LiveSession(_session, _time);
        _deferred = new DeferredWork(_time, NullLogger<DeferredWork>.Instance);
        _spool = new Spool(folder, new SlimStore(new MemoryObjectStore(_time)),
            new SpoolOptions { MemoryBytes = 1 << 20, ObjectCacheBytes = 0, RetainBytes = 0, RecoverySeconds = 0 }, _time,
            NullLogger<Spool>.Instance);
        _uploading = _spool.RunAsync(_stop.Token);
        _stage = new PackagingStage(_spool, [this], Options.Create(new PackagerOptions()), _time, _deferred,
            NullLogger<PackagingStage>.Instance);
        _stage.CompleteRecovery();
    }

    /// <summary>Number of outages so far.</summary>
    public long Outages => _minutes;

    /// <summary>Lets some minutes pass, each with an outage.</summary>
    public async Task RunAsync(int minutes, CancellationToken cancellationToken)
    {
        for (var minute = 0; minute < minutes; minute++)
        {
            var start = _minutes++ * 60;
            await PublishAsync(start, SourceSeconds, Source, isSlate: false, cancellationToken);
            await PublishAsync(start + SourceSeconds, 60 - SourceSeconds, Slate, isSlate: true, cancellationToken);
            await ReadCheckpointAsync(cancellationToken);
            _time.Advance(TimeSpan.FromMinutes(1));
            if (_spool.Status().WaitingFiles > MaxWaitingFiles)
            {
                await Poll.UntilAsync(() => _spool.Status().WaitingFiles < MaxWaitingFiles / 2, TimeSpan.FromMinutes(5),
                    "files are uploaded", cancellationToken);
            }
        }
    }

    /// <summary>Measures the sizes.</summary>
    public async Task<SessionSizes> MeasureAsync(CancellationToken cancellationToken)
    {
        await Poll.UntilAsync(() => _spool.Status() is { WaitingFiles: 0, PendingDeletions: 0 }, TimeSpan.FromMinutes(5),
            "files are uploaded and deleted", cancellationToken);
        var (events, bytes) = _longest;
        _longest = default;
        var playlist = _live.Manifests.MediaPlaylist("source")?.Plain.Length ?? 0;
        var mpd = _live.Manifests.SessionMpd()?.Plain.Length ?? 0;
        return new SessionSizes(events, bytes, playlist, mpd, GC.GetTotalMemory(forceFullCollection: true));
    }

    void ITimelineSink.Append(ChannelName channel, SessionId session, IReadOnlyList<TimelineEvent> events) =>
        _live.Append(events, reason => throw new InvalidOperationException(reason));

    void ITimelineSink.Forget(ChannelName channel, SessionId session)
    {
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _uploading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _deferred.Dispose();
        _spool.Dispose();
        _stop.Dispose();
    }

    /// <summary>Reads the checkpoint of the newest journal file in the spool.</summary>
    private async Task ReadCheckpointAsync(CancellationToken cancellationToken)
    {
        if (_spool.List(ObjectNames.Of(_session).JournalFolder) is not [.., var newest]
            || await _spool.ReadAllAsync(newest.Name, MaxJournalBytes, cancellationToken) is not { } bytes)
        {
            return;
        }

        using var header = JsonDocument.Parse(bytes.AsMemory(0, bytes.IndexOf((byte)'\n')));
        var events = header.RootElement.GetProperty("checkpoint").GetInt32();
        var length = 0;
        for (var line = 0; line <= events; line++)
        {
            length += bytes.AsSpan(length).IndexOf((byte)'\n') + 1;
        }

        _longest = length > _longest.Bytes ? (events, length) : _longest;
    }

    /// <summary>One frame per second, and a keyframe every 10 s.</summary>
    private async Task PublishAsync(long start, int seconds, Track track, bool isSlate, CancellationToken cancellationToken)
    {
        var queue = Channel.CreateBounded<RenditionSample>(new BoundedChannelOptions(100) { AllowSynchronousContinuations = true });
        var running = _stage.RunAsync(new RenditionSet(_session, [Rendition], queue.Reader) { IsSlate = isSlate }, cancellationToken);
        for (var second = 0; second < seconds; second++)
        {
            var time = new MediaTime((start + second) * track.Timescale, track.Timescale);
            queue.Writer.TryWrite(new RenditionSample(Rendition, new MediaSample(track, time, time, second % 10 == 0,
                new byte[] { 0, 0, 0, 2, 0x65, 1 }, _session.StartedAt + time.ToTimeSpan())));
        }

        queue.Writer.Complete();
        await running;
    }

    private static Track TrackOf(string lastByte) => new(1, CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0F" + lastByte)), MediaTime.VideoTimescale);

    /// <summary>A store in memory that forgets segments.</summary>
    private sealed class SlimStore(IObjectStore inner) : DelegatingStore(inner)
    {
        public override Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition,
            CancellationToken cancellationToken) =>
            ObjectNames.TryParse(name, out var parsed) && parsed.Kind == ObjectKind.Segment ? Task.FromResult(true)
                : base.PutFileAsync(name, path, condition, cancellationToken);
    }
}
