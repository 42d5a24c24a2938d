using System.Globalization;
using Broadcast.Control.Access;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/channels</c>: channels and their sessions.</summary>
internal static class ChannelEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/channels", ListAsync).RequireRole(TokenRole.Viewer).WithMetadata(new PeerEndpoint())
            .Describe<List<ChannelView>>("listChannels", "List channels by name. 'live' is null while the server that has the channel on "
                + "air does not answer.");

        api.MapPost("/channels", CreateAsync).RequireRole(TokenRole.Admin).AcceptsBody<NewChannel>()
            .Describe<CreatedChannelView>("createChannel", "Create a channel and its first stream key. The key is shown only once.", 201,
                409).WithIdempotencyKey<CreatedChannelView>();

        api.MapGet("/channels/{name}", async (string name, HttpContext http, ChannelRepository channels) =>
            TaggedView(http, await channels.GetAsync(name, http.RequestAborted)))
            .RequireRole(TokenRole.Viewer).Describe<ChannelView>("getChannel", "Get a channel.", 200, 404).WithETag().AnsweredByOwner();

        api.MapPatch("/channels/{name}", ChangeAsync).RequireRole(TokenRole.Producer).AcceptsBody<ChannelChange>()
            .Describe<ChannelView>("changeChannel",
                "Change the members that are sent; the others stay as they are. A shorter 'retention' deletes existing recordings earlier: "
                + "a producer confirms that with 'expireRecordings' (409 without it), and a token needs the scope recordings:write.",
                200, 404, 409)
            .WithIfMatch(200);

        api.MapDelete("/channels/{name}", async (string name, HttpContext http, ChannelRepository channels) =>
            {
                await channels.DeleteIfAsync(name, ETags.PreconditionOf<ChannelInfo>(http, ETags.Of), http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Admin).Describe("deleteChannel",
                "Delete a channel with its keys, sessions and media, and disconnect its encoder.", 204, 404).WithIfMatch();

        api.MapPost("/channels/{name}/end", EndAsync).RequireRole(TokenRole.Producer)
            .Describe<EndedView>("endSession", "End the channel's open session now and disconnect its encoder.", 200, 404);

        api.MapPost("/channels/{name}/kick", KickAsync).RequireRole(TokenRole.Producer)
            .Describe<KickedView>("kickEncoders",
                "Disconnect the channel's encoders. The session stays open so that they can reconnect; to block one, rotate or revoke its "
                + "key.", 200, 404).AnsweredByOwner();

        api.MapGet("/channels/{name}/health", HealthAsync).RequireRole(TokenRole.Viewer)
            .Describe<HealthView>("getHealth", "Get measurements of the channel's publishing encoders, with detected issues and advice.",
                200, 404).AnsweredByOwner();

        api.MapGet("/channels/{name}/sessions", SessionsAsync).RequireRole(TokenRole.Viewer)
            .Describe<List<SessionView>>("listSessions", "List the channel's sessions, newest first. 'before' continues from a session id.",
                200, 400, 404)
            .Paged("before", SessionHistory.MaxPage);
    }

    private static async Task<List<ChannelView>> ListAsync(HttpContext http, ChannelRepository channels, OwnerRequests owners)
    {
        var remote = await owners.ListChannelsAsync(http);
        return [.. (await channels.ListAsync(http.RequestAborted))
            .Select(c => View(http, c) is var view && remote.TryGetValue(c.Name, out var atOwner) ? view.With(atOwner) : view)];
    }

    private static async Task<IResult> CreateAsync(HttpContext http, ChannelRepository channels, IOptions<ControlOptions> options,
        IOptions<AuthorizationOptions> authorization)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var name = body.Text("name", required: true);
        var settings = SettingsOf(body);
        body.ThrowIfInvalid(Validate(name, settings, authorization.Value));
        var created = await channels.CreateAsync(name!, settings, http.RequestAborted);
        var view = View(http, created.Channel);
        return TypedResults.Created($"/api/v1/channels/{name}", new CreatedChannelView(view, created.Key.StreamKey));
    }

    private static async Task<ChannelView> ChangeAsync(
        string name, HttpContext http, ChannelRepository channels, ViewerPolicyCache policies, ServerDatabase database,
        OwnerRequests owners, IOptions<ControlOptions> options, IOptions<AuthorizationOptions> authorization)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var settings = SettingsOf(body);
        var permission = ApiAuthorization.GetCaller(http).RetentionPermission(body);
        body.ThrowIfInvalid(Validate(null, settings, authorization.Value));
        var changed = await channels.SetIfAsync(name, settings, ETags.PreconditionOf<ChannelInfo>(http, ETags.Of), permission,
            http.RequestAborted);
        if (settings.Access is not null)
        {
            await policies.RefreshAsync(database, name, http.RequestAborted);   // the change is in effect with the response
        }

        var view = TaggedView(http, changed);
        return owners.IsOnAirElsewhere(changed.Name) ? view.With(await owners.FindChannelAsync(http, changed.Name)) : view;
    }

    private static ChannelView TaggedView(HttpContext http, ChannelInfo channel) =>
        ETags.Tagged(http, ETags.Of(channel), View(http, channel));

    private static ChannelView View(HttpContext http, ChannelInfo channel) =>
        ChannelView.From(channel, http.RequestServices.GetService<IChannelRuntimeStates>(),
            http.RequestServices.GetService<IViewerTotals>());

    private static async Task<EndedView> EndAsync(string name, HttpContext http, ServerDatabase database, SessionManager sessionManager,
        SessionClaims claims, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
    {
        await using var connection = await database.Source.OpenConnectionAsync(http.RequestAborted);
        var id = await StreamKeys.ChannelIdAsync(connection, name, http.RequestAborted);
        var ended = (sessionManager.End(id, SessionEndRequests.Reason)
            ?? await claims.RequestEndAsync(connection, id, SessionEndRequests.Reason, http.RequestAborted))?.Value;
        if (ended is not null)
        {
            // The session has ended, or its owner was notified. The audit row is written even if the caller has disconnected.
            await AuditLog.RecordAsync(connection, null, time.GetUtcNow(), "session.end", $"session/{ended}",
                AuditLog.Detail(("channel", name)), CancellationToken.None);
        }

        return new(ended);
    }

    private static async Task<KickedView> KickAsync(string name, HttpContext http, ServerDatabase database, SessionManager sessionManager,
        [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
    {
        await using var connection = await database.Source.OpenConnectionAsync(http.RequestAborted);
        var id = await StreamKeys.ChannelIdAsync(connection, name, http.RequestAborted);
        var encoders = sessionManager.DisconnectEncoders(id, "disconnected by an operator");
        if (encoders > 0)
        {
            // The encoders are already disconnected, so the audit row is written even if the caller has disconnected.
            await AuditLog.RecordAsync(connection, null, time.GetUtcNow(), "encoder.kick", $"channel/{name}",
                AuditLog.Detail(("encoders", encoders.ToString(CultureInfo.InvariantCulture))), CancellationToken.None);
        }

        return new(encoders);
    }

    private static async Task<HealthView> HealthAsync(string name, HttpContext http, ChannelRepository channels)
    {
        var channel = await channels.GetAsync(name, http.RequestAborted);
        var sources = http.RequestServices.GetService<ISourceHealth>()?.Find(ChannelName.Parse(channel.Name)) ?? [];
        return new([.. sources.Select(SourceView.From)]);
    }

    private static async Task<List<SessionView>> SessionsAsync(string name, string? limit, string? before, HttpContext http,
        SessionHistory history)
    {
        SessionId id = default;
        if (before is not null && !SessionId.TryParse(before, out id))
        {
            throw new OperationException([new("before", "'before' must be a session id.")]);
        }

        var count = Paging.Limit(limit);
        return Paging.Page(http, await history.ListAsync(name, count, before is null ? null : id, http.RequestAborted), count, "before",
            s => s.Id, SessionView.From);
    }

    private static IEnumerable<ValidationError> Validate(string? name, ChannelSettings settings, AuthorizationOptions authorization) =>
        ChannelRules.ValidateAccess(settings.Access, authorization) is { } error ? ChannelRules.Validate(name, settings).Append(error)
        : ChannelRules.Validate(name, settings);

    private static ChannelSettings SettingsOf(RequestBody body) => new(
        body.Text("title"),
        body.Text("ladder"),
        body.Text("latency"),
        body.Number("reconnectWindowSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        body.Text("takeover"),
        body.Number("takeoverAfterSeconds") is { } after ? TimeSpan.FromSeconds(after) : null)
    {
        Access = body.Text("access"),
        DvrWindow = body.Text("dvrWindow"),
        Record = body.Boolean("record"),
        Retention = body.Text("retention"),
        Reminders = body.Numbers("reminderMinutes"),
        AnnouncesEvents = body.Boolean("announceEvents"),
        AudioLanguages = body.Texts("audioLanguages"),
    };
}
