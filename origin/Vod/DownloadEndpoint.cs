using Broadcast.Media.Objects;
using Broadcast.Media.OriginToControl;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Vod;

/// <summary>
/// Endpoint for recordings as one file, <c>/vod/{recording}/download.mp4</c>. A growing recording is rejected: the content at a URL must
/// not change, so that downloads can be resumed.
/// </summary>
internal sealed class DownloadEndpoint(DownloadCache cache, DownloadDelivery delivery, IndexBlockCache indexBlocks,
    IOptions<OriginOptions> options, TimeProvider time)
{

    private readonly ClientCount _open = new(options.Value.MaxOpenPerClient);

    /// <summary>Responds to a request.</summary>
    /// <param name="context">
    /// The request: <c>rendition</c> selects a rendition; <c>start</c> and <c>end</c> select a part by wall-clock time.
    /// </param>
    /// <param name="session">The session with the media.</param>
    /// <param name="recording">The recording.</param>
    public async Task AnswerAsync(HttpContext context, LiveSession session, RecordingRange recording)
    {
        var query = context.Request.Query;
        var wanted = query["rendition"] is [{ Length: > 0 } name] ? name : null;
        if (wanted is not (null or DownloadPlan.DefaultAudio) && session.Manifests.PlaylistsOf(wanted) is null)
        {
            await Responses.WriteTextAsync(context, StatusCodes.Status404NotFound, Responses.BriefCaching, "Rendition not found.");
            return;
        }

        if (await RangeAsync(context, RecordedObjects.RangeOf(recording), wanted) is not { } range)
        {
            return;
        }

        var bounds = SnapshotBounds.Of(session, usesSessionTime: false, isVod: true);
        if (!bounds.IsWhole(range))
        {
            await Responses.WriteTextAsync(
                context, StatusCodes.Status404NotFound, Responses.BriefCaching,
                "Still in progress. Clips of finished parts can be downloaded.");
            return;
        }

        // A session of a crashed process counts as ended after a while, but may continue after a restart. Then its end differs.
        var key = new DownloadKey(session.Id, range.Start, range.End ?? bounds.End, wanted, session.VisibilityStart?.Segment ?? 0);
        if (!cache.TryGet(key, 2 * bounds.CountIn(range), ClientCount.ViewerOf(context),
            aborted => PlanAsync(session, range, wanted, aborted), out var building, context.RequestAborted))
        {
            Overload.Count(OverloadReason.Downloads);
            Responses.TryAgain(context);
            return;
        }

        switch (await building)
        {
            case null:
                await Responses.WriteTextAsync(context, StatusCodes.Status404NotFound, Responses.BriefCaching, "No media in this range.");
                break;
            case { Reason: { } reason }:
                await Responses.WriteTextAsync(context, StatusCodes.Status422UnprocessableEntity, Responses.BriefCaching, reason);
                break;
            case var download:
                await SendAsync(context, download, DownloadName.Disposition(recording.Title, recording.Channel, download.Start, wanted));
                break;
        }
    }

    private async Task SendAsync(HttpContext context, Download download, string disposition)
    {
        var client = ClientCount.Of(context);
        if (!_open.TryEnter(client))
        {
            Overload.Count(OverloadReason.ClientOpen);
            Responses.TryAgain(context);
            return;
        }

        try
        {
            await delivery.AnswerAsync(context, download, disposition);
        }
        finally
        {
            _open.Exit(client);
        }
    }

    private async Task<DownloadPlan?> PlanAsync(LiveSession session, TimeRange range, string? wanted,
        CancellationToken cancellationToken) =>
        await SessionSnapshot.Of(session, isVod: true).CutAsync(range, indexBlocks, cancellationToken: cancellationToken) is { } cut
            ? DownloadPlan.Of(cut, wanted) : null;

    /// <summary>
    /// The requested part of the recording; <see langword="null"/> when the request was answered. An invalid time is rejected. A time in
    /// another spelling is redirected to the canonical one, so that the bytes at a URL never change.
    /// </summary>
    private async ValueTask<TimeRange?> RangeAsync(HttpContext context, TimeRange all, string? wanted)
    {
        var query = context.Request.Query;
        if (!query.ContainsKey("start") && !query.ContainsKey("end"))
        {
            return all;
        }

        string? start = query["start"], end = query["end"];
        if (TimeRange.Parse(start, end, time.GetUtcNow(), out var error) is not { } range)
        {
            await Responses.WriteTextAsync(context, StatusCodes.Status400BadRequest, "max-age=60", error!);
            return null;
        }

        if (!range.IsCanonical(start, end))
        {
            context.Response.Headers.Location = MediaUrls.DownloadFile + range.Query + (wanted is null ? "" : $"&rendition={wanted}");
            Responses.Empty(context, StatusCodes.Status302Found, Responses.BriefCaching);
            return null;
        }

        var last = range.End is null || all.End < range.End ? all.End : range.End;
        return new TimeRange(range.Start > all.Start ? range.Start : all.Start, last);
    }
}
