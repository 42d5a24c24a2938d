using System.Diagnostics.Metrics;
using System.Globalization;
using Broadcast.Media;
using Broadcast.Origin.Counting;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Recordings;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broadcast.Origin.Viewing;

/// <summary>
/// Stands before everything under <c>/live/</c> and <c>/vod/</c>, with and without a token in front, and lets through whom the authority lets in: playlists, media, pictures and status alike. What it lets
/// through is the same for everybody, but for who may preview. Edges that cache it ask here too, under <c>/auth/</c>. A channel's own addresses are for whom the session is for that they show.
/// </summary>
/// <param name="live">What is behind the door.</param>
/// <param name="replay">And what of recordings is.</param>
/// <param name="recordings">Says of which channel a recording is.</param>
/// <param name="directory">Says which session a channel shows.</param>
/// <param name="logger">Where failures are told.</param>
/// <param name="authority">Who decides. Without one every channel is public: a process that serves nothing else.</param>
internal sealed class ViewerDoor(LiveEndpoint live, ReplayEndpoint replay, KnownRecordings recordings, LiveDirectory directory, ILogger<ViewerDoor> logger, IViewerAuthority? authority = null)
{
    /// <summary>The header that says why somebody is not let in, for players and edges.</summary>
    public const string RefusalHeader = "X-Refusal";

    /// <summary>The header in which an edge says what it keeps an answer under: <c>session</c>, where that is the session with its channel. One that does not say so is told not to keep what may be another answer for another session.</summary>
    public const string KeptUnderHeader = "X-Kept-Under";

    private const string Auth = "/auth";
    private static readonly Counter<long> Refusals =
        Telemetry.Meter.CreateCounter<long>("broadcast_origin_viewers_refused", "{request}", "Requests of viewers who were not let in, by reason; edges' questions too.");

    /// <summary>Answers a request under <c>/live/</c>, <c>/vod/</c>, <c>/t/{token}/live/</c> or <c>/t/{token}/vod/</c>.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        if (!GuardedPath.TryParse(request.Path.Value, out var path))
        {
            // No channel's: behind the door it is told what it is not.
            await live.HandleAsync(context);
            return;
        }

        // Other methods get nothing of a channel: a preflight has no token, and may know what it can ask for. A page that tells of itself counts only where it may watch.
        RecordingRange? recording = null;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || (HttpMethods.IsPost(request.Method) && BeaconEndpoint.IsAddress(path.Rest)))
        {
            (recording, var verdict) = await JudgeAsync(context, path);
            if (verdict.Refusal is { } refusal)
            {
                Refuse(context, refusal);
                return;
            }

            if (verdict.MayPreview)
            {
                context.Features.Set(PreviewRight.Instance);
                context.Response.OnStarting(static response => ForNobodyElse((HttpResponse)response), context.Response);
            }
        }

        if (path.Token is not null)
        {
            request.PathBase = request.PathBase.Add($"/t/{path.Token}");
            request.Path = path.Rest;
        }

        if (path.Recording is not null)
        {
            await replay.HandleAsync(context, recording);
            return;
        }

        await live.HandleAsync(context);
    }

    /// <summary>
    /// Answers an edge's question, <c>/auth</c> and then the path that it was asked for: 204 when the viewer is let in, 403 when not. <c>Cache-Control</c> says how long that holds for
    /// the same path up to the channel and the session, where one is named, and, where the token is not one of ours that is good anywhere, the same address.
    /// </summary>
    public async Task AnswerEdgeAsync(HttpContext context)
    {
        Answers.Prepare(context);
        if (Answers.TryAnswerMethod(context))
        {
            return;
        }

        // What is of no channel is for the origin to refuse, as it does for whoever comes without an edge.
        if (!GuardedPath.TryParse(context.Request.Path.Value?[Auth.Length..], out var path))
        {
            Allow(context, Answers.Brief);
            return;
        }

        var (_, verdict) = await JudgeAsync(context, path);
        var holds = verdict.IsOfSession && context.Request.Headers[KeptUnderHeader] != "session" ? TimeSpan.Zero : verdict.Holds;
        switch (verdict.Refusal)
        {
            case null:
                Allow(context, Lifetime(holds));
                break;
            case ViewerRefusal.Away:
                Refuse(context, ViewerRefusal.Away);
                break;
            case { } refusal:
                // Also for a channel that does not exist: some edges know no other answer than 403.
                Forbid(context, refusal, Lifetime(holds));
                break;
        }
    }

    /// <returns>The recording, where there is one that the address names, and whether the viewer is let in. What there is not is for the endpoint behind the door to say.</returns>
    private async ValueTask<(RecordingRange? Recording, ViewerVerdict Verdict)> JudgeAsync(HttpContext context, GuardedPath path)
    {
        if (path.Recording is not { } id)
        {
            return (null, await JudgeAsync(context, AskedOf(context, path)));
        }

        RecordingRange? recording;
        try
        {
            recording = await recordings.FindAsync(id, context.RequestAborted);
        }
        catch (Exception failure) when (failure is RecordingsAwayException or OperationCanceledException)
        {
            return (null, new(ViewerRefusal.Away, TimeSpan.Zero));
        }

        return recording is null ? (null, new(null, TimeSpan.FromSeconds(1))) : (recording, await JudgeAsync(context, AskedOf(context, path, recording)));
    }

    /// <summary>What a viewer wants: something of the session that the address names, or that the channel shows at it.</summary>
    private ViewerRequest AskedOf(HttpContext context, GuardedPath path)
    {
        var channel = directory.FindChannel(path.Channel);
        LiveSession? session;
        if (path.Session is { } named)
        {
            session = channel?.Find(named);
        }
        else
        {
            session = path.Rest.EndsWith("/status.json", StringComparison.Ordinal) ? channel?.ToldFor(directory.Audience, mayPreview: false) : channel?.CurrentFor(directory.Audience, mayPreview: false);
            context.Features.Set(new JudgedSession(session?.Id));
        }

        return new(path.Channel, path.Token, context.Connection.RemoteIpAddress) { Session = path.Session ?? session?.Id, Noted = session?.Access };
    }

    private static ViewerRequest AskedOf(HttpContext context, GuardedPath path, RecordingRange recording) =>
        new(recording.Channel, path.Token, context.Connection.RemoteIpAddress) { Session = recording.Session, Noted = recording.Access };

    private async ValueTask<ViewerVerdict> JudgeAsync(HttpContext context, ViewerRequest asked)
    {
        if (authority is null)
        {
            return new(null, TimeSpan.FromSeconds(1));
        }

        ViewerVerdict verdict;
        try
        {
            verdict = await authority.AuthorizeAsync(asked, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            verdict = new(ViewerRefusal.Away, TimeSpan.Zero);   // nobody waits for it
        }
        catch (Exception mistake)
        {
            OriginLog.RequestFailed(logger, mistake, context.TraceIdentifier);
            verdict = new(ViewerRefusal.Away, TimeSpan.Zero);
        }

        if (verdict.Refusal is { } refusal)
        {
            Refusals.Add(1, new KeyValuePair<string, object?>("reason", Word(refusal)));
        }

        return verdict;
    }

    /// <summary>At the same address others get something else.</summary>
    private static Task ForNobodyElse(HttpResponse response)
    {
        response.Headers.CacheControl = "private, no-store";
        return Task.CompletedTask;
    }

    private static void Allow(HttpContext context, string cacheControl)
    {
        Answers.Empty(context, StatusCodes.Status204NoContent, cacheControl);
        context.Response.ContentLength = null;   // RFC 9110, 8.6: a 204 has none
    }

    private static void Refuse(HttpContext context, ViewerRefusal refusal)
    {
        Answers.Prepare(context);
        switch (refusal)
        {
            case ViewerRefusal.NoChannel:
                Answers.NotFound(context);
                break;
            case ViewerRefusal.Away:
                context.Response.Headers[RefusalHeader] = Word(refusal);
                Answers.TryAgain(context);
                break;
            default:
                // It is this viewer's, and an edge may keep what it hands out under an address without the token.
                Forbid(context, refusal, "private, " + Answers.Brief);
                break;
        }
    }

    private static void Forbid(HttpContext context, ViewerRefusal refusal, string cacheControl)
    {
        context.Response.Headers[RefusalHeader] = Word(refusal);
        context.Response.Headers.AccessControlExposeHeaders = $"{context.Response.Headers.AccessControlExposeHeaders}, {RefusalHeader}";
        Answers.Empty(context, StatusCodes.Status403Forbidden, cacheControl);
    }

    /// <summary>Whole seconds, rounded down: what holds for less is not kept.</summary>
    private static string Lifetime(TimeSpan holds) =>
        holds < TimeSpan.FromSeconds(1) ? "no-store" : string.Create(CultureInfo.InvariantCulture, $"max-age={(long)holds.TotalSeconds}");

    private static string Word(ViewerRefusal refusal) => refusal switch
    {
        ViewerRefusal.NoToken => "no_token",
        ViewerRefusal.BadToken => "bad_token",
        ViewerRefusal.Expired => "expired",
        ViewerRefusal.Revoked => "revoked",
        ViewerRefusal.OtherAddress => "other_address",
        ViewerRefusal.Denied => "denied",
        ViewerRefusal.NoChannel => "no_channel",
        _ => "away",
    };
}
