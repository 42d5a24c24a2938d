using Broadcast.Ingest.Health;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest.Publishing;

/// <summary>A publication from leave to end: runs the next stage beside the connection, and reports the end exactly once.</summary>
/// <param name="grant">The leave.</param>
/// <param name="authority">Who gave it.</param>
/// <param name="sink">The next stage.</param>
/// <param name="options">Deadlines.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
/// <param name="sources">Where those are told of it who ask how it is.</param>
/// <param name="failed">Called when the next stage ends before the publisher does.</param>
internal sealed class GrantedPublication(
    PublishGrant grant, IPublishAuthority authority, IPublicationSink sink, IngestOptions options, TimeProvider time, ILogger logger,
    SourceRegister sources, Action failed)
{
    private static readonly TimeSpan ReportTimeout = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _cut = new();
    private readonly SourceMeter _meter = sources.Open(grant);
    private Task _running = Task.CompletedTask;
    private PublicationFeed? _feed;
    private volatile bool _completed;

    /// <summary>The leave.</summary>
    public PublishGrant Grant => grant;

    /// <summary>Where media goes.</summary>
    public PublicationFeed Feed => _feed ??= new PublicationFeed(
        grant, publication => _running = RunSinkAsync(publication), sources.FrontOf(grant.Session), options.KeyframeTimeout)
    {
        Meter = _meter,
        MaxPictureSide = options.MaxPictureSide,
        MaxFrameRate = options.MaxFrameRate,
    };

    /// <summary>Lets the next stage finish, then reports the end. Never throws.</summary>
    public async Task EndAsync(string reason)
    {
        _completed = true;
        Feed.Complete();
        sources.Close(_meter, Feed.Front);
        try
        {
            await _running.WaitAsync(options.DrainTimeout, time);
        }
        catch (TimeoutException)
        {
            IngestLog.DrainTimedOut(logger, grant.Session.Channel.Value, options.DrainTimeout);
            await _cut.CancelAsync();
        }

        try
        {
            using var timeout = new CancellationTokenSource(ReportTimeout, time);
            await authority.EndedAsync(grant, reason, timeout.Token);
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
            await sink.RunAsync(publication, _cut.Token);
        }
        catch (OperationCanceledException) when (_cut.IsCancellationRequested)
        {
            // It was cut off after the drain timeout, which is logged there.
        }
        catch (Exception e)
        {
            IngestLog.SinkFailed(logger, e, grant.Session.Channel.Value);
        }

        if (!_completed)
        {
            failed();
        }
    }
}
