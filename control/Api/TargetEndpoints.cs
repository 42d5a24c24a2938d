using Broadcast.Control.Identity;
using Broadcast.Control.Sessions;
using Broadcast.Control.Targets;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ControlToTargets;
using Broadcast.Media.Outbound;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/channels/{name}/targets</c>: other platforms to which a channel is published.</summary>
internal static class TargetEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/target-presets", () => TargetPresets.All.ToList()).RequireRole(TokenRole.Producer)
            .Describe<List<TargetPreset>>("listTargetPresets",
                "List platforms with their addresses and limits, for forms. The address is empty if it differs between users.");

        api.MapGet("/channels/{name}/targets", ListAsync).RequireRole(TokenRole.Producer)
            .Describe<List<TargetView>>("listTargets",
                "List the targets of a channel and of its events by name, with their states and the figures of their connections. The "
                + "stream keys are never returned.", 200, 404).AnsweredByOwner();

        api.MapPost("/channels/{name}/targets", AddAsync).RequireRole(TokenRole.Producer).AcceptsBody<NewTarget>()
            .Describe<TargetView>("addTarget",
                "Add a target. If it is enabled and the channel is on air, its connection begins at once. With 'eventId', it is published "
                + "only while that event is live.", 201, 404, 409).WithIdempotencyKey<TargetView>(isSecret: false);

        api.MapGet("/channels/{name}/targets/{target}", async (string name, string target, HttpContext http, TargetRepository targets,
                IServiceProvider services) =>
            Tagged(http, await targets.GetAsync(name, target, http.RequestAborted), LegsOf(services)))
            .RequireRole(TokenRole.Producer).Describe<TargetView>("getTarget", "Get a target.", 200, 404).WithETag().AnsweredByOwner();

        api.MapPatch("/channels/{name}/targets/{target}", ChangeAsync).RequireRole(TokenRole.Producer).AcceptsBody<TargetChange>()
            .Describe<TargetView>("changeTarget",
                "Change the members that are sent; the others stay as they are. 'enabled' switches the target on or off while the channel "
                + "is on air. A change of 'url' requires 'streamKey'.", 200, 404, 409).WithIfMatch(200);

        api.MapDelete("/channels/{name}/targets/{target}", async (string name, string target, HttpContext http, TargetRepository targets) =>
            {
                await targets.DeleteIfAsync(name, target, ETags.PreconditionOf<TargetInfo>(http, ETags.Of), http.RequestAborted);
                return TypedResults.NoContent();
            })
            .RequireRole(TokenRole.Producer).Describe("deleteTarget", "Delete a target and end its connection.", 204, 404).WithIfMatch();

        api.MapPost("/channels/{name}/targets/{target}/test", TestAsync).RequireRole(TokenRole.Producer)
            .Describe<TargetTestView>("testTarget",
                "Connect to the target and ask to publish, without sending media, and get the result. Not while the target is connected.",
                200, 404, 409);
    }

    private static async Task<List<TargetView>> ListAsync(string name, HttpContext http, TargetRepository targets,
        IServiceProvider services) =>
        [.. (await targets.ListAsync(name, http.RequestAborted)).Select(target => View(target, LegsOf(services)))];

    private static async Task<IResult> AddAsync(string name, HttpContext http, TargetRepository targets, OutboundConnector connector,
        IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var request = RequestOf(body, isNew: true);
        body.ThrowIfInvalid(TargetRules.Validate(request, isNew: true, connector));
        var added = await targets.AddAsync(name, request, http.RequestAborted);
        return TypedResults.Created($"/api/v1/channels/{name}/targets/{Uri.EscapeDataString(added.Name)}", View(added, null));
    }

    private static async Task<TargetView> ChangeAsync(string name, string target, HttpContext http, TargetRepository targets,
        OutboundConnector connector, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var request = RequestOf(body, isNew: false);
        body.ThrowIfInvalid(TargetRules.Validate(request, isNew: false, connector));
        var changed = await targets.ChangeIfAsync(name, target, request, ETags.PreconditionOf<TargetInfo>(http, ETags.Of),
            http.RequestAborted);
        return Tagged(http, changed, null);
    }

    private static async Task<TargetTestView> TestAsync(string name, string target, HttpContext http, TargetRepository targets,
        SessionManager sessions, IServiceProvider services, AuditLog audit, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
    {
        var (found, key) = await targets.GetWithKeyAsync(name, target, http.RequestAborted);
        if (found.Status.State is not (TargetState.Off or TargetState.Rejected))
        {
            throw new OperationException(OperationErrorCode.Conflict,
                $"The target is {TargetRules.Name(found.Status.State)}: its state says whether the platform accepts it. Disable it to test.");
        }

        var legs = LegsOf(services) ?? throw new OperationException(OperationErrorCode.OwnerUnavailable,
            "This server does not publish to targets. Send the request to a server with role 'media'.");
        SessionId? session = found.Session is { } open ? SessionId.Parse(open) : null;
        var result = await legs.TestAsync(session, new(found.Id, ChannelName.Parse(name), found.Name, found.Url, key, found.Rendition)
        {
            Upstream = session is { } id ? sessions.FindUpstream(id) : [],
        }, http.RequestAborted)
            ?? throw new OperationException(OperationErrorCode.TooManyAttempts, "Other tests are running. Try again in a moment.");
        await audit.TryRecordAsync(time.GetUtcNow(), "target.test", $"target/{name}/{found.Name}",
            AuditLog.Detail(("channel", name), ("accepted", result.Accepted ? "true" : "false")));
        return new(result.Accepted, result.Reason, Math.Round(result.Duration.TotalSeconds, 3));
    }

    private static TargetView Tagged(HttpContext http, TargetInfo target, ITargetLegs? legs) =>
        ETags.Tagged(http, ETags.Of(target), View(target, legs));

    private static ITargetLegs? LegsOf(IServiceProvider services) => (ITargetLegs?)services.GetService(typeof(ITargetLegs));

    /// <summary>Adds the figures of the connection, which only the server that owns the session has.</summary>
    private static TargetView View(TargetInfo target, ITargetLegs? legs) => TargetView.From(
        target.Session is { } session && target.Status.State != TargetState.Off
        && legs?.Find(SessionId.Parse(session)).GetValueOrDefault(target.Id) is { } status ? target with { Status = status } : target);

    private static TargetRequest RequestOf(RequestBody body, bool isNew) =>
        new(body.Text("name", required: isNew), body.Text("url", required: isNew), body.Text("streamKey", required: isNew),
            body.Text("rendition"), isNew ? body.Text("eventId") : null, body.Boolean("enabled"), body.Text("mode"));
}

internal sealed record NewTarget(
    string Name, string Url, string StreamKey, string? Rendition, string? Mode, string? EventId, bool? Enabled);

internal sealed record TargetChange(string? Name, string? Url, string? StreamKey, string? Rendition, string? Mode, bool? Enabled);

internal sealed record TargetView(
    string Name, string Url, string Rendition, string Mode, string? EventId, bool Enabled, string State, string? Reason,
    DateTimeOffset Since, DateTimeOffset? NextAttemptAt, long BitsPerSecond, double DelaySeconds, long DroppedFrames, long Connections,
    DateTimeOffset CreatedAt)
{
    public static TargetView From(TargetInfo target) => new(
        target.Name, target.Url, target.Rendition, TargetRules.Name(target.Mode), target.Event, target.Enabled,
        TargetRules.Name(target.Status.State), target.Status.Reason, target.Status.Since, target.Status.NextAttempt,
        target.Status.BitsPerSecond, Math.Round(target.Status.Delay.TotalSeconds, 3), target.Status.DroppedFrames,
        target.Status.Publications, target.CreatedAt);
}

internal sealed record TargetTestView(bool Accepted, string? Reason, double Seconds);
