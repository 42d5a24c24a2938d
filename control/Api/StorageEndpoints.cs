using Broadcast.Control.Identity;
using Broadcast.Control.Storage;
using Broadcast.Database;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Broadcast.Control.Api;

/// <summary>Endpoints of <c>/api/v1/storage</c>: location and test of the object store.</summary>
internal static class StorageEndpoints
{
    public static void Map(RouteGroupBuilder api)
    {
        api.MapGet("/storage", (HttpContext http) => StorageView.From(Probe(http).Describe()))
            .RequireRole(TokenRole.Admin).Describe<StorageView>("getStorage", "Get the configured object store.", 200, 404);

        api.MapPost("/storage/test", async (HttpContext http, StorageTest test) => StorageTestView.From(await test.RunAsync(Probe(http))))
            .RequireRole(TokenRole.Admin)
            .Describe<StorageTestView>(
                "testStorage",
                "Write, read, list and delete one small object in the configured store, and report the duration and problem of each step. "
                + "One test at a time and one in five seconds; otherwise 429.",
                200, 404);
    }

    private static IStorageProbe Probe(HttpContext http) =>
        http.RequestServices.GetService<IStorageProbe>()
        ?? throw new OperationException(OperationErrorCode.NotFound, "This process has no object store.");
}

internal sealed record StorageView(string Kind, string Location)
{
    public static StorageView From(StorageInfo i) => new(i.Kind, i.Location);
}

internal sealed record StorageStepView(string Step, bool Works, int DurationMilliseconds, string? Problem);

internal sealed record StorageTestView(bool Works, DateTimeOffset TestedAt, string Kind, string Location, int DurationMilliseconds,
    IReadOnlyList<StorageStepView> Steps)
{
    public static StorageTestView From(StorageTestResult r) => new(
        r.Succeeded, r.At, r.Store.Kind, r.Store.Location, (int)r.Steps.Sum(s => s.Duration.TotalMilliseconds),
        [.. r.Steps.Select(s => new StorageStepView(s.Name, s.Problem is null, (int)s.Duration.TotalMilliseconds, s.Problem))]);
}
