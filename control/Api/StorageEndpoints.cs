using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Api;

/// <summary><c>/api/v1/storage</c>: where objects are kept, and whether that works.</summary>
internal static class StorageEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/storage", (HttpContext http) => StorageView.From(Probe(http).Describe()))
            .Asks(TokenRole.Admin).Describe<StorageView>("getStorage", "Where this server keeps media, as its configuration says.", 200, 404);

        api.MapPost("/storage/test", async (HttpContext http, StorageTrial trial) => StorageTestView.From(await trial.RunAsync(Probe(http))))
            .Asks(TokenRole.Admin)
            .Describe<StorageTestView>(
                "testStorage",
                "Writes, reads, lists and deletes one small object in the configured store, and tells how long each took and what went wrong. One at a time, and one in five seconds: 429 otherwise.",
                200, 404);
    }

    private static IStorageProbe Probe(HttpContext http) =>
        http.RequestServices.GetService<IStorageProbe>() ?? throw new ControlException(ControlCode.NotFound, "This process has no store.");
}

internal sealed record StorageView(string Kind, string Place)
{
    public static StorageView From(StorageInfo i) => new(i.Kind, i.Place);
}

internal sealed record StorageStepView(string Step, bool Works, int TookMilliseconds, string? Problem);

internal sealed record StorageTestView(bool Works, DateTimeOffset TestedAt, string Kind, string Place, int TookMilliseconds, IReadOnlyList<StorageStepView> Steps)
{
    public static StorageTestView From(StorageTrialResult r) => new(
        r.Works, r.At, r.Store.Kind, r.Store.Place, (int)r.Steps.Sum(s => s.Took.TotalMilliseconds),
        [.. r.Steps.Select(s => new StorageStepView(s.Name, s.Problem is null, (int)s.Took.TotalMilliseconds, s.Problem))]);
}
