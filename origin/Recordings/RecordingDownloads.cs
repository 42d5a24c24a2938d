using Broadcast.Media;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Rewinding;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Broadcast.Origin.Recordings;

/// <summary>
/// Answers requests for a recording as one file, <c>/vod/{recording}/download.mp4</c>. One that is not over yet is not offered: what is under an address must not change, so that a download can go on where it broke off.
/// </summary>
internal sealed class RecordingDownloads(DownloadShelf shelf, DownloadDelivery delivery, ChapterShelf chapters, IOptions<OriginOptions> options, TimeProvider time)
{
    private const string File = "download.mp4";

    private readonly ClientCount _open = new(options.Value.MaxOpenPerClient);

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request: <c>rendition</c> names what is wanted, <c>start</c> and <c>end</c> a part of it by wall clock.</param>
    /// <param name="session">The session that has the media.</param>
    /// <param name="recording">The recording.</param>
    public async Task AnswerAsync(HttpContext context, LiveSession session, RecordingRange recording)
    {
        var query = context.Request.Query;
        var wanted = query["rendition"] is [{ Length: > 0 } name] ? name : null;
        if (wanted is not (null or DownloadPlan.Sound) && session.CellsOf(wanted) is null)
        {
            await Answers.TellAsync(context, StatusCodes.Status404NotFound, Answers.Brief, "There is no such rendition.");
            return;
        }

        if (await RangeAsync(context, RecordedObjects.RangeOf(recording), wanted) is not { } range)
        {
            return;
        }

        var edges = PastEdges.Of(session, isCounted: false, isReplay: true);
        if (!edges.IsWhole(range))
        {
            await Answers.TellAsync(
                context, StatusCodes.Status404NotFound, Answers.Brief, "This is not over yet: it can be downloaded once it is. A clip of what is over can be downloaded now.");
            return;
        }

        // A session of a process that was killed counts as over after a while, and may still go on after a restart: then it has another end.
        var key = new DownloadKey(session.Id, range.Start, range.End ?? edges.End, wanted, session.Begin?.Segment ?? 0);
        if (!shelf.TryGet(key, 2 * edges.CountIn(range), () => PlanAsync(session, range, wanted), out var laying))
        {
            Overload.Count(OverloadReason.Downloads);
            Answers.TryAgain(context);
            return;
        }

        switch (await laying.WaitAsync(context.RequestAborted))
        {
            case null:
                await Answers.TellAsync(context, StatusCodes.Status404NotFound, Answers.Brief, "There is nothing of that.");
                break;
            case { Refusal: { } refusal }:
                await Answers.TellAsync(context, StatusCodes.Status422UnprocessableEntity, Answers.Brief, refusal);
                break;
            case var download:
                await SendAsync(context, download, DownloadName.Disposition(recording.Title, recording.Channel, download.Begin, wanted));
                break;
        }
    }

    private async Task SendAsync(HttpContext context, Download download, string disposition)
    {
        var client = ClientCount.Of(context);
        if (!_open.TryEnter(client))
        {
            Overload.Count(OverloadReason.ClientOpen);
            Answers.TryAgain(context);
            return;
        }

        try
        {
            await delivery.AnswerAsync(context, download, disposition);
        }
        finally
        {
            _open.Leave(client);
        }
    }

    private async Task<DownloadPlan?> PlanAsync(LiveSession session, TimeRange range, string? wanted) =>
        await PastView.Of(session, isReplay: true).CutAsync(range, chapters) is { } cut ? DownloadPlan.Of(cut, wanted) : null;

    /// <summary>What of the recording is wanted; <see langword="null"/> when the request has been answered: what it says is no time, or is sent to its one spelling, so that the bytes under it never change.</summary>
    private async ValueTask<TimeRange?> RangeAsync(HttpContext context, TimeRange all, string? wanted)
    {
        var query = context.Request.Query;
        if (!query.ContainsKey("start") && !query.ContainsKey("end"))
        {
            return all;
        }

        string? start = query["start"], end = query["end"];
        if (TimeRange.Parse(start, end, time.GetUtcNow(), out var mistake) is not { } range)
        {
            await Answers.TellAsync(context, StatusCodes.Status400BadRequest, "max-age=60", mistake!);
            return null;
        }

        if (!range.IsSpelt(start, end))
        {
            context.Response.Headers.Location = File + range.Query + (wanted is null ? "" : $"&rendition={wanted}");
            Answers.Empty(context, StatusCodes.Status302Found, Answers.Brief);
            return null;
        }

        var last = range.End is null || all.End < range.End ? all.End : range.End;
        return new TimeRange(range.Start > all.Start ? range.Start : all.Start, last);
    }
}
