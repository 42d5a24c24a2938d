using Broadcast.Ingest.Health;
using Broadcast.Ingest.Rtmp.Connection;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest.Publishing;

/// <summary>Runs the next stage for one publication, from the grant to the end, and reports the end exactly once.</summary>
/// <param name="grant">The permission to publish.</param>
/// <param name="authorizer">The authorizer that issued the grant.</param>
/// <param name="sink">The next stage.</param>
/// <param name="options">Timeouts.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
/// <param name="sources">The source registry.</param>
/// <param name="onFailed">Called when the next stage ends before the publisher does.</param>
internal sealed class PublicationRunner(
    PublishGrant grant, IPublishAuthorizer authorizer, IPublicationSink sink, IngestOptions options, TimeProvider time, ILogger logger,
    SourceRegistry sources, Action onFailed) : IConnectedPublication
{
    private static readonly TimeSpan ReportTimeout = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _cancellation = new();
    private readonly SourceMeter _meter = sources.Add(grant);
    private Task _sinkTask = Task.CompletedTask;
    private PublicationBuilder? _builder;
    private volatile bool _completed;

    /// <summary>The permission to publish.</summary>
    public PublishGrant Grant => grant;

    /// <summary>The builder that receives the media.</summary>
    public PublicationBuilder Builder => _builder ??= new PublicationBuilder(
        grant, publication => _sinkTask = RunSinkAsync(publication), sources.GetResumePoint(grant.Session), options.KeyframeTimeout)
    {
        Meter = _meter,
        MaxFrameDimension = options.MaxFrameDimension,
        MaxFrameRate = options.MaxFrameRate,
    };

    /// <inheritdoc/>
    public BroadcastSession Session => grant.Session;

    /// <inheritdoc/>
    public IMediaReceiver Receiver => Builder;

    /// <inheritdoc/>
    public IAsyncDisposable OnRevoked(Action<DisconnectReason> callback) => grant.Revoked.UnsafeRegister(
        _ => callback(grant.State.IsSuperseded ? DisconnectReason.Superseded : DisconnectReason.Revoked), null);

    /// <inheritdoc/>
    public void ReportActivity(long timestamp) => grant.State.ReportActivity(timestamp);

    /// <inheritdoc/>
    public void RecordTotals(long bytes) =>
        grant.State.RecordTotals(bytes, Builder.VideoFrames, Builder.Samples - Builder.VideoFrames);

    /// <summary>Lets the next stage finish, then reports the end. Never throws.</summary>
    public async Task EndAsync(string reason)
    {
        _completed = true;
        grant.State.RecordDropped(Builder.Dropped);
        Builder.Complete();
        sources.Remove(_meter, Builder.Position);
        try
        {
            await _sinkTask.WaitAsync(options.DrainTimeout, time);
        }
        catch (TimeoutException)
        {
            IngestLog.DrainTimedOut(logger, grant.Session.Channel.Value, options.DrainTimeout);
            await _cancellation.CancelAsync();
        }

        try
        {
            using var timeout = new CancellationTokenSource(ReportTimeout, time);
            await authorizer.ReportEndAsync(grant, reason, timeout.Token);
        }
        catch (Exception e)
        {
            IngestLog.EndNotReported(logger, e, grant.Session.Channel.Value);
        }
    }

    private async Task RunSinkAsync(Publication publication)
    {
        try
        {
            await sink.RunAsync(publication, _cancellation.Token);
        }
        catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
        {
            // Cancelled after the drain timeout, which is logged above.
        }
        catch (Exception e)
        {
            IngestLog.SinkFailed(logger, e, grant.Session.Channel.Value);
        }

        if (!_completed)
        {
            onFailed();
        }
    }
}
