using System.Globalization;
using Broadcast.Media;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/channels</c>: channels, their keys and sessions.</summary>
internal static class ChannelEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels", async (HttpContext http, ChannelDirectory channels) => (await channels.ListAsync(http.RequestAborted)).Select(c => View(http, c)).ToList())
            .Asks(TokenRole.Viewer).Describe<List<ChannelView>>("listChannels", "All channels, by name.");

        api.MapPost("/channels", CreateAsync).Asks(TokenRole.Admin).Takes<NewChannel>()
            .Describe<CreatedChannelView>("createChannel", "Makes a channel with its first stream key, which is shown this once.", 201, 409).Repeatable<CreatedChannelView>();

        api.MapGet("/channels/{name}", async (string name, HttpContext http, ChannelDirectory channels) => Answer(http, await channels.GetAsync(name, http.RequestAborted)))
            .Asks(TokenRole.Viewer).Describe<ChannelView>("getChannel", "One channel.", 200, 404).Tagged();

        api.MapPatch("/channels/{name}", ChangeAsync).Asks(TokenRole.Producer).Takes<ChannelChange>()
            .Describe<ChannelView>("changeChannel", "Changes the members that are sent and leaves the others.", 200, 404).Guarded(200);

        api.MapDelete("/channels/{name}", async (string name, HttpContext http, ChannelDirectory channels) =>
            {
                await channels.DeleteIfAsync(name, ETags.Expected<ChannelInfo>(http, ETags.Of), http.RequestAborted);
                return TypedResults.NoContent();
            })
            .Asks(TokenRole.Admin).Describe("deleteChannel", "Deletes a channel with its keys, its sessions and their media; its encoder is sent away.", 204, 404).Guarded();

        api.MapPost("/channels/{name}/end", EndAsync).Asks(TokenRole.Producer)
            .Describe<EndedView>("endSession", "Ends the channel's open session now and sends its encoder away.", 200, 404);

        api.MapPost("/channels/{name}/kick", KickAsync).Asks(TokenRole.Producer)
            .Describe<KickedView>("kickEncoders", "Sends the channel's encoders away. The session stays open for them to come back; to keep one out, rotate or revoke its key. 409: another server has the channel on air; ask that one.", 200, 404, 409);

        api.MapGet("/channels/{name}/health", HealthAsync).Asks(TokenRole.Viewer)
            .Describe<HealthView>("getHealth", "How the channel's encoders are doing, measured as they publish, with what to do where it could be better.", 200, 404);

        api.MapGet("/channels/{name}/sessions", SessionsAsync).Asks(TokenRole.Viewer)
            .Describe<List<SessionView>>("listSessions", "The channel's sessions, newest first; 'before' reads on from a session's id.", 200, 400, 404)
            .Paged("before", SessionHistory.MaxPage);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, ChannelDirectory channels, IOptions<ControlOptions> options, IOptions<AuthorizationOptions> authorization)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var name = body.Text("name", required: true);
        var settings = SettingsOf(body);
        body.Check(Mistakes(name, settings, authorization.Value));
        var created = await channels.CreateAsync(name!, settings, http.RequestAborted);
        var view = View(http, created.Channel);
        return TypedResults.Created($"/api/v1/channels/{name}", new CreatedChannelView(view, created.Key.StreamKey));
    }

    private static async Task<ChannelView> ChangeAsync(
        string name, HttpContext http, ChannelDirectory channels, IOptions<ControlOptions> options, IOptions<AuthorizationOptions> authorization)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var settings = SettingsOf(body);
        body.Check(Mistakes(null, settings, authorization.Value));
        return Answer(http, await channels.SetIfAsync(name, settings, ETags.Expected<ChannelInfo>(http, ETags.Of), http.RequestAborted));
    }

    private static ChannelView Answer(HttpContext http, ChannelInfo channel) => ETags.Tagged(http, ETags.Of(channel), View(http, channel));

    private static ChannelView View(HttpContext http, ChannelInfo channel) =>
        ChannelView.From(channel, http.RequestServices.GetService<IChannelStates>(), http.RequestServices.GetService<IAudienceSizes>());

    private static async Task<EndedView> EndAsync(string name, HttpContext http, Database database, SessionBook book, SessionClaims claims, TimeProvider time)
    {
        await using var connection = await database.Source.OpenConnectionAsync(http.RequestAborted);
        var id = await StreamKeys.ChannelIdAsync(connection, name, http.RequestAborted);
        var ended = (book.End(id, SessionEndRequests.Reason) ?? await claims.RequestEndAsync(connection, id, SessionEndRequests.Reason, http.RequestAborted))?.Value;
        if (ended is not null)
        {
            // The session is over by now, or another server, which has it, was told; whoever is gone and whatever becomes of the row.
            await AuditLog.AddAsync(connection, null, time.GetUtcNow(), "session.end", $"session/{ended}", AuditLog.Detail(("channel", name)), CancellationToken.None);
        }

        return new(ended);
    }

    private static async Task<KickedView> KickAsync(string name, HttpContext http, Database database, SessionBook book, SessionsElsewhere elsewhere, TimeProvider time)
    {
        await using var connection = await database.Source.OpenConnectionAsync(http.RequestAborted);
        var id = await StreamKeys.ChannelIdAsync(connection, name, http.RequestAborted);
        var encoders = book.Dismiss(id, "sent away by an operator");
        if (encoders == 0 && elsewhere.Has(id))
        {
            throw new ControlException(ControlCode.Conflict, $"Channel {name} is on air at another server, which has its encoders. Ask that one.");
        }

        if (encoders > 0)
        {
            // They are gone by now, whoever asked is gone, too.
            await AuditLog.AddAsync(connection, null, time.GetUtcNow(), "encoder.kick", $"channel/{name}", AuditLog.Detail(("encoders", encoders.ToString(CultureInfo.InvariantCulture))), CancellationToken.None);
        }

        return new(encoders);
    }

    private static async Task<HealthView> HealthAsync(string name, HttpContext http, ChannelDirectory channels)
    {
        var channel = await channels.GetAsync(name, http.RequestAborted);
        var sources = http.RequestServices.GetService<ISourceHealth>()?.Find(ChannelName.Parse(channel.Name)) ?? [];
        return new([.. sources.Select(SourceView.From)]);
    }

    private static async Task<List<SessionView>> SessionsAsync(string name, string? limit, string? before, HttpContext http, SessionHistory history)
    {
        SessionId id = default;
        if (before is not null && !SessionId.TryParse(before, out id))
        {
            throw new ControlException([new("before", "'before' must be a session's id.")]);
        }

        var count = Paging.Limit(limit);
        return Paging.Answer(http, await history.ListAsync(name, count, before is null ? null : id, http.RequestAborted), count, "before", s => s.Id, SessionView.From);
    }

    private static IEnumerable<Mistake> Mistakes(string? name, ChannelSettings settings, AuthorizationOptions authorization) =>
        ChannelRules.AccessMistake(settings.Access, authorization) is { } mistake ? ChannelRules.Mistakes(name, settings).Append(mistake) : ChannelRules.Mistakes(name, settings);

    private static ChannelSettings SettingsOf(RequestBody body) => new(
        body.Text("title"),
        body.Text("ladder"),
        body.Text("latency"),
        body.Number("reconnectWindowSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        body.Text("takeover"),
        body.Number("takeoverAfterSeconds") is { } after ? TimeSpan.FromSeconds(after) : null)
    {
        Access = body.Text("access"),
        Rewind = body.Text("rewind"),
        Record = body.Flag("record"),
        Retention = body.Text("retention"),
        Reminders = body.Numbers("reminderMinutes"),
        AnnouncesEvents = body.Flag("announceEvents"),
        AudioLanguages = body.Texts("audioLanguages"),
    };
}
