using System.Globalization;
using Broadcast.Media;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/recordings</c>, <c>/api/v1/channels/{name}/recordings</c> and <c>…/clips</c>.</summary>
internal static class RecordingEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/recordings", ListAsync).Asks(TokenRole.Viewer)
            .Describe<List<RecordingView>>(
                "listRecordings", "Recordings and clips, newest first; of a 'channel', 'session', 'kind' (session, clip) or 'visibility' where they are named, with 'q' in their title or their channel's, beginning from 'from' on and before 'to'. With 'sizes=true' each has the bytes that its session takes, as far as they are counted in a few seconds. 'before' reads on from an id.", 200, 400, 404)
            .Paged("before", RecordingRules.MaxPage);

        api.MapGet("/recordings/usage", (HttpContext http, RecordingSizes sizes) => sizes.AllAsync(http.RequestAborted)).Asks(TokenRole.Viewer)
            .Describe<RecordingUsage>(
                "getRecordingUsage", "What all recordings take in spool and store, as far as it is counted in a few seconds; counting goes on, so ask again while 'countedAll' is false.", 200);

        api.MapGet("/channels/{name}/recordings", ListOfChannelAsync).Asks(TokenRole.Viewer)
            .Describe<List<RecordingView>>("listChannelRecordings", "The channel's recordings and clips, newest first; as listRecordings.", 200, 400, 404)
            .Paged("before", RecordingRules.MaxPage);

        api.MapGet("/recordings/{id}", async (string id, HttpContext http, RecordingDirectory recordings) =>
            {
                var found = await recordings.GetAsync(id, http.RequestAborted);
                return ETags.Fresh(http, ETags.Of(found), View(http, found));
            })
            .Asks(TokenRole.Viewer).Describe<RecordingView>("getRecording", "One recording or clip.", 200, 404).Tagged(isFresh: true);

        api.MapPatch("/recordings/{id}", ChangeAsync).Asks(TokenRole.Producer).Takes<RecordingChangeBody>()
            .Describe<RecordingView>(
                "changeRecording",
                "Changes the members that are sent and leaves the others. 'start' and 'end' trim it: instants, or seconds from the session's begin (negative: back from its end), or 'begin' and 'end' to undo that. "
                + "'access' says who may watch it and all else of its session (public, token, webhook), once that is over.",
                200, 404, 409)
            .Guarded(200);

        api.MapDelete("/recordings/{id}", DeleteAsync).Asks(TokenRole.Admin)
            .Describe<DeletionView>(
                "deleteRecording",
                "Deletes a recording or clip, with 'clips=true' a session's clips too; the media go when nothing else of their session is left and that is over. With 'dryRun=true' it only tells what would go.",
                200, 400, 404)
            .Produces(204)
            .Guarded();

        api.MapPost("/recordings/{id}/clips", async (string id, HttpContext http, RecordingDirectory recordings, RecordingCatalog catalog, Database database, IOptions<ControlOptions> options) =>
                await MadeAsync(http, catalog, database, await recordings.ClipAsync(id, await WishAsync(http, options), http.RequestAborted)))
            .Asks(TokenRole.Producer).Takes<NewClip>()
            .Describe<RecordingView>("createClip", "Cuts a clip out of a recording, also while that is recorded. 'start' and 'end' are instants, or seconds from its begin (negative: back from its end).", 201, 404, 409)
            .Repeatable<RecordingView>(isSecret: false);

        api.MapPost("/channels/{name}/clips", async (string name, HttpContext http, RecordingDirectory recordings, RecordingCatalog catalog, Database database, IOptions<ControlOptions> options) =>
                await MadeAsync(http, catalog, database, await recordings.ClipOfChannelAsync(name, await WishAsync(http, options), http.RequestAborted)))
            .Asks(TokenRole.Producer).Takes<NewClip>()
            .Describe<RecordingView>(
                "createChannelClip", "Cuts a clip out of the channel's recording in which it begins: the newest, unless 'start' is an instant before that. Without 'end' it ends now.", 201, 404, 409)
            .Repeatable<RecordingView>(isSecret: false);
    }

    private static Task<List<RecordingView>> ListAsync(
        string? channel, string? session, string? kind, string? visibility, string? q, string? from, string? to, string? sizes, string? before, string? limit,
        HttpContext http, RecordingDirectory recordings) =>
        ViewsAsync(http, recordings, sizes, mistakes => Filter(channel, session, kind, visibility, before, limit, mistakes) with { Text = q, From = EventEndpoints.InstantOf("from", from, mistakes), To = EventEndpoints.InstantOf("to", to, mistakes) });

    private static Task<List<RecordingView>> ListOfChannelAsync(
        string name, string? session, string? kind, string? visibility, string? q, string? from, string? to, string? sizes, string? before, string? limit,
        HttpContext http, RecordingDirectory recordings) =>
        ListAsync(name, session, kind, visibility, q, from, to, sizes, before, limit, http, recordings);

    private static async Task<List<RecordingView>> ViewsAsync(HttpContext http, RecordingDirectory recordings, string? sizes, Func<List<Mistake>, RecordingFilter> ask)
    {
        var mistakes = new List<Mistake>();
        var withSizes = Flag("sizes", sizes, mistakes);
        var filter = ask(mistakes);
        mistakes.AddRange(RecordingRules.Mistakes(filter));
        if (mistakes.Count > 0)
        {
            throw new ControlException(mistakes);
        }

        var media = MediaAddress(http);
        var found = await recordings.ListAsync(filter, http.RequestAborted);
        var counted = withSizes ? await http.RequestServices.GetRequiredService<RecordingSizes>().OfAsync(found, http.RequestAborted) : null;
        return Paging.Answer(
            http, found, filter.Limit, "before", r => r.Id,
            r => RecordingView.From(r, media) with { Bytes = counted is not null && counted.TryGetValue(r.Session, out var size) ? size.Bytes : null });
    }

    private static async Task<RecordingView> ChangeAsync(
        string id, HttpContext http, RecordingDirectory recordings, RecordingCatalog catalog, Database database, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var change = new RecordingChange(body.Text("title"), body.Text("visibility"), body.Moment("start"), body.Moment("end"), body.Text("retention")) { Access = body.Text("access") };
        var hook = http.RequestServices.GetRequiredService<IOptions<AuthorizationOptions>>().Value;
        body.Check([
            .. RecordingRules.Mistakes(change.Title, change.Visibility, change.Retention, change.Access),
            .. ChannelRules.AccessMistake(change.Access, hook) is { } mistake ? [mistake] : Array.Empty<Mistake>(),
        ]);
        var changed = await recordings.SetIfAsync(id, change, ETags.Expected<RecordingInfo>(http, ETags.Of), http.RequestAborted);
        await LearnAsync(http, catalog, database, id);
        if (change.Access is not null)
        {
            await using var connection = await database.Source.OpenConnectionAsync(http.RequestAborted);
            await http.RequestServices.GetRequiredService<ViewingRegister>().LearnAsync(connection, http.RequestAborted);
        }

        return ETags.Tagged(http, ETags.Of(changed), View(http, changed));
    }

    private static async Task<IResult> DeleteAsync(
        string id, string? dryRun, string? clips, HttpContext http, RecordingDirectory recordings, RecordingCatalog catalog, Database database, RecordingKeeper keeper)
    {
        var mistakes = new List<Mistake>();
        var (isDry, withClips) = (Flag("dryRun", dryRun, mistakes), Flag("clips", clips, mistakes));
        if (mistakes.Count > 0)
        {
            throw new ControlException(mistakes);
        }

        if (isDry)
        {
            return TypedResults.Ok(DeletionView.From(await PlanAsync(id, withClips, http, recordings)));
        }

        await recordings.DeleteIfAsync(id, withClips, ETags.Expected<RecordingInfo>(http, ETags.Of), http.RequestAborted);
        await LearnAsync(http, catalog, database, id);
        keeper.Wake();
        return TypedResults.NoContent();
    }

    // What cannot be counted is left out; the rest of the answer does not hang on the store.
    private static async Task<DeletionPlan> PlanAsync(string id, bool withClips, HttpContext http, RecordingDirectory recordings)
    {
        try
        {
            return await recordings.PlanAsync(id, withClips, http.RequestServices.GetService<ISessionMedia>(), http.RequestAborted);
        }
        catch (ObjectStoreException)
        {
            return await recordings.PlanAsync(id, withClips, null, http.RequestAborted);
        }
    }

    private static async Task<ClipWish> WishAsync(HttpContext http, IOptions<ControlOptions> options)
    {
        var body = await RequestBody.ReadAsync(http.Request, options.Value.MaxBodyBytes, http.RequestAborted);
        var start = body.Moment("start", required: true);
        var wish = new ClipWish(start ?? default, body.Moment("end"), body.Text("title"), body.Text("visibility"), body.Text("retention"));
        body.Check(RecordingRules.Mistakes(wish.Title, wish.Visibility, wish.Retention));
        return wish;
    }

    private static async Task<IResult> MadeAsync(HttpContext http, RecordingCatalog catalog, Database database, RecordingInfo made)
    {
        await LearnAsync(http, catalog, database, made.Id);
        return TypedResults.Created($"/api/v1/recordings/{made.Id}", View(http, made));
    }

    private static RecordingFilter Filter(string? channel, string? session, string? kind, string? visibility, string? before, string? limit, List<Mistake> mistakes)
    {
        SessionId ofSession = default;
        if (session is not null && !SessionId.TryParse(session, out ofSession))
        {
            mistakes.Add(new("session", "'session' must be a session's id."));
        }

        RecordingId reached = default;
        if (before is not null && !RecordingId.TryParse(before, out reached))
        {
            mistakes.Add(new("before", "'before' must be a recording's id."));
        }

        return new(channel, kind, visibility, session is null ? null : ofSession, before is null ? null : reached, Paging.Limit(limit));
    }

    private static bool Flag(string name, string? text, List<Mistake> mistakes)
    {
        if (text is not (null or "true" or "false"))
        {
            mistakes.Add(new(name, $"'{name}' must be true or false."));
        }

        return text == "true";
    }

    private static RecordingView View(HttpContext http, RecordingInfo recording) => RecordingView.From(recording, MediaAddress(http));

    private static string MediaAddress(HttpContext http)
    {
        var asked = string.Create(CultureInfo.InvariantCulture, $"{http.Request.Scheme}://{http.Request.Host.Value}");
        return http.RequestServices.GetService<IViewerAddresses>()?.For(asked).Media ?? asked;
    }

    /// <summary>Others hear of it in a moment; here it counts when the answer is there.</summary>
    private static async Task LearnAsync(HttpContext http, RecordingCatalog catalog, Database database, string id)
    {
        await using var connection = await database.Source.OpenConnectionAsync(http.RequestAborted);
        await catalog.LearnAsync(connection, [$"recordings:{id}"], http.RequestAborted);
    }
}
