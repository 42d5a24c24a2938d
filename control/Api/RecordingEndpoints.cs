using System.Globalization;
using Broadcast.Control.Access;
using Broadcast.Control.AuthCallbacks;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Recordings;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.Storage;
using Broadcast.Media.StorageToControl;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/recordings</c>, <c>/api/v1/channels/{name}/recordings</c> and <c>…/clips</c>.</summary>
internal static class RecordingEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/recordings", ListAsync).RequireRole(TokenRole.Viewer)
            .Describe<List<RecordingView>>(
                "listRecordings",
                "List recordings and clips, newest first. Filter by 'channel', 'session', 'kind' (session, clip) and 'visibility', by 'q' "
                + "in the title or the channel's title, and by start time with 'from' and 'to'. 'sizes=true' adds the bytes of each "
                    + "session, as far as they can be counted in a few seconds. 'before' continues from an id.", 200, 400, 404)
            .Paged("before", RecordingRules.MaxPage);

        api.MapGet("/recordings/usage", (HttpContext http, RecordingUsageCounter sizes) => sizes.AllAsync(http.RequestAborted))
            .RequireRole(TokenRole.Viewer)
            .Describe<RecordingUsage>(
                "getRecordingUsage",
                "Get the space that all recordings use in spool and store, as far as it can be counted in a few seconds. Counting "
                + "continues; repeat the request while 'isComplete' is false.", 200);

        api.MapGet("/channels/{name}/recordings", ListOfChannelAsync).RequireRole(TokenRole.Viewer)
            .Describe<List<RecordingView>>("listChannelRecordings",
                "List the channel's recordings and clips, newest first, like listRecordings.", 200, 400, 404)
            .Paged("before", RecordingRules.MaxPage);

        api.MapGet("/recordings/{id}", async (string id, HttpContext http, RecordingRepository recordings) =>
            {
                var rows = await recordings.GetAsync(id, http.RequestAborted);
                return ETags.OkOrNotModified(http, ETags.Of(rows), View(http, rows));
            })
            .RequireRole(TokenRole.Viewer).Describe<RecordingView>("getRecording", "Get a recording or clip.", 200, 404)
            .WithETag(supportsNotModified: true);

        api.MapPatch("/recordings/{id}", ChangeAsync).RequireRole(TokenRole.Producer).AcceptsBody<RecordingChangeBody>()
            .Describe<RecordingView>(
                "changeRecording",
                "Change the members that are sent; the others stay as they are. 'start' and 'end' trim the recording: times, or seconds "
                + "from the start of the session (negative: from its end), or 'begin' and 'end' to undo it. "
                + "'access' sets the access policy of the whole session (public, token, webhook) after it has ended. A producer confirms a "
                + "shorter 'retention' with 'expireRecordings' (409 without it), as for changeChannel.",
                200, 404, 409)
            .WithIfMatch(200);

        api.MapDelete("/recordings/{id}", DeleteAsync).RequireRole(TokenRole.Admin)
            .Describe<DeletionView>(
                "deleteRecording",
                "Delete a recording or clip, with 'clips=true' also the clips of its session. Media are deleted when nothing of the ended "
                + "session is left. 'dryRun=true' only reports what would be deleted.",
                200, 400, 404)
            .Produces(204)
            .WithIfMatch();

        api.MapPost("/recordings/{id}/clips", async (string id, HttpContext http, RecordingRepository recordings, RecordingCatalog catalog,
            IOptions<ControlOptions> options) =>
                await CreatedAsync(http, catalog,
                    await recordings.ClipAsync(id, await ReadClipAsync(http, options), http.RequestAborted)))
            .RequireRole(TokenRole.Producer).AcceptsBody<NewClip>()
            .Describe<RecordingView>("createClip",
                "Create a clip of a recording, also while it is being recorded. 'start' and 'end' are times, or seconds from its start "
                + "(negative: from its end).", 201, 404, 409)
            .WithIdempotencyKey<RecordingView>(isSecret: false);

        api.MapPost("/channels/{name}/clips", async (string name, HttpContext http, RecordingRepository recordings,
            RecordingCatalog catalog, IOptions<ControlOptions> options) =>
                await CreatedAsync(http, catalog,
                    await recordings.ClipOfChannelAsync(name, await ReadClipAsync(http, options), http.RequestAborted)))
            .RequireRole(TokenRole.Producer).AcceptsBody<NewClip>()
            .Describe<RecordingView>(
                "createChannelClip",
                "Create a clip of the channel's recording that contains 'start': the newest, unless 'start' is an earlier time. Without "
                + "'end' the clip ends now.", 201, 404, 409)
            .WithIdempotencyKey<RecordingView>(isSecret: false);
    }

    private static Task<List<RecordingView>> ListAsync(
        string? channel, string? session, string? kind, string? visibility, string? q, string? from, string? to, string? sizes,
        string? before, string? limit,
        HttpContext http, RecordingRepository recordings) =>
        ViewsAsync(http, recordings, sizes, errors => Filter(channel, session, kind, visibility, before, limit, errors)
            with { Text = q, From = EventEndpoints.InstantOf("from", from, errors), To = EventEndpoints.InstantOf("to", to, errors) });

    private static Task<List<RecordingView>> ListOfChannelAsync(
        string name, string? session, string? kind, string? visibility, string? q, string? from, string? to, string? sizes, string? before,
        string? limit,
        HttpContext http, RecordingRepository recordings) =>
        ListAsync(name, session, kind, visibility, q, from, to, sizes, before, limit, http, recordings);

    private static async Task<List<RecordingView>> ViewsAsync(HttpContext http, RecordingRepository recordings, string? sizes,
        Func<List<ValidationError>, RecordingFilter> createFilter)
    {
        var errors = new List<ValidationError>();
        var withSizes = Flag("sizes", sizes, errors);
        var filter = createFilter(errors);
        errors.AddRange(RecordingRules.Validate(filter));
        if (errors.Count > 0)
        {
            throw new OperationException(errors);
        }

        var media = MediaUrl(http);
        var rows = await FindAsync(http, recordings, filter);
        var counted = withSizes ? await http.RequestServices.GetRequiredService<RecordingUsageCounter>()
            .OfAsync(rows, http.RequestAborted) : null;
        return Paging.Page(
            http, rows, filter.Limit, "before", r => r.Id,
            r => RecordingView.From(r, media) with { Bytes = counted is not null
                && counted.TryGetValue(r.Session, out var size) ? size.Bytes : null });
    }

    // A text can be anywhere, so the database reads the recordings until it has found a page.
    private static async Task<IReadOnlyList<RecordingInfo>> FindAsync(HttpContext http, RecordingRepository recordings,
        RecordingFilter filter)
    {
        if (string.IsNullOrWhiteSpace(filter.Text))
        {
            return await recordings.ListAsync(filter, http.RequestAborted);
        }

        using var slot = await http.RequestServices.GetRequiredService<CallerLimits>()
            .EnterSearchAsync(ApiAuthorization.GetCaller(http).Key, http.RequestAborted)
            ?? throw new OperationException(OperationErrorCode.TooManyAttempts, "Too many searches are waiting. Try again in a moment.");
        return await recordings.ListAsync(filter, http.RequestAborted);
    }

    private static async Task<RecordingView> ChangeAsync(
        string id, HttpContext http, RecordingRepository recordings, RecordingCatalog catalog, ServerDatabase database,
        IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var change = new RecordingChange(body.Text("title"), body.Text("visibility"), body.Moment("start"), body.Moment("end"),
            body.Text("retention")) { Access = body.Text("access") };
        var permission = ApiAuthorization.GetCaller(http).RetentionPermission(body);
        var authorization = http.RequestServices.GetRequiredService<IOptions<AuthorizationOptions>>().Value;
        body.ThrowIfInvalid([
            .. RecordingRules.Validate(change.Title, change.Visibility, change.Retention, change.Access),
            .. ChannelRules.ValidateAccess(change.Access, authorization) is { } error ? [error] : Array.Empty<ValidationError>(),
        ]);
        var changed = await recordings.SetIfAsync(id, change, ETags.PreconditionOf<RecordingInfo>(http, ETags.Of), permission,
            http.RequestAborted);
        await catalog.RefreshAsync(id, http.RequestAborted);
        if (change.Access is not null)
        {
            await http.RequestServices.GetRequiredService<ViewerPolicyCache>()
                .RefreshAsync(database, changed.Channel, http.RequestAborted);
        }

        return ETags.Tagged(http, ETags.Of(changed), View(http, changed));
    }

    private static async Task<IResult> DeleteAsync(
        string id, string? dryRun, string? clips, HttpContext http, RecordingRepository recordings, RecordingCatalog catalog,
        RecordingRetentionService retention)
    {
        var errors = new List<ValidationError>();
        var (isDry, withClips) = (Flag("dryRun", dryRun, errors), Flag("clips", clips, errors));
        if (errors.Count > 0)
        {
            throw new OperationException(errors);
        }

        if (isDry)
        {
            return TypedResults.Ok(DeletionView.From(await PlanAsync(id, withClips, http, recordings)));
        }

        await recordings.DeleteIfAsync(id, withClips, ETags.PreconditionOf<RecordingInfo>(http, ETags.Of), http.RequestAborted);
        await catalog.RefreshAsync(id, http.RequestAborted);
        retention.Wake();
        return TypedResults.NoContent();
    }

    // If the store is unavailable, the plan is returned without counts.
    private static async Task<DeletionPlan> PlanAsync(string id, bool withClips, HttpContext http, RecordingRepository recordings)
    {
        try
        {
            return await recordings.PlanAsync(id, withClips, http.RequestServices.GetService<ISessionStorageInspector>(),
                http.RequestAborted);
        }
        catch (ObjectStoreException)
        {
            return await recordings.PlanAsync(id, withClips, null, http.RequestAborted);
        }
    }

    private static async Task<ClipRequest> ReadClipAsync(HttpContext http, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var start = body.Moment("start", required: true);
        var request = new ClipRequest(start ?? default, body.Moment("end"), body.Text("title"), body.Text("visibility"),
            body.Text("retention"));
        body.ThrowIfInvalid(RecordingRules.Validate(request.Title, request.Visibility, request.Retention));
        return request;
    }

    private static async Task<IResult> CreatedAsync(HttpContext http, RecordingCatalog catalog, RecordingInfo clip)
    {
        await catalog.RefreshAsync(clip.Id, http.RequestAborted);
        return TypedResults.Created($"/api/v1/recordings/{clip.Id}", View(http, clip));
    }

    private static RecordingFilter Filter(string? channel, string? session, string? kind, string? visibility, string? before, string? limit,
        List<ValidationError> errors)
    {
        SessionId ofSession = default;
        if (session is not null && !SessionId.TryParse(session, out ofSession))
        {
            errors.Add(new("session", "'session' must be a session id."));
        }

        RecordingId beforeId = default;
        if (before is not null && !RecordingId.TryParse(before, out beforeId))
        {
            errors.Add(new("before", "'before' must be a recording id."));
        }

        return new(channel, kind, visibility, session is null ? null : ofSession, before is null ? null : beforeId, Paging.Limit(limit));
    }

    private static bool Flag(string name, string? text, List<ValidationError> errors)
    {
        if (text is not (null or "true" or "false"))
        {
            errors.Add(new(name, $"'{name}' must be true or false."));
        }

        return text == "true";
    }

    private static RecordingView View(HttpContext http, RecordingInfo recording) => RecordingView.From(recording, MediaUrl(http));

    private static string MediaUrl(HttpContext http)
    {
        var requestUrl = string.Create(CultureInfo.InvariantCulture, $"{http.Request.Scheme}://{http.Request.Host.Value}");
        return http.RequestServices.GetService<IViewerUrls>()?.For(requestUrl).Media ?? requestUrl;
    }
}
