using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Testing;

namespace Broadcast.Control.Tests;

/// <summary>A data folder with a stopped cluster, created once and copied: a copy takes a tenth of the time.</summary>
internal static class ClusterTemplate
{
    private static readonly Lazy<Task<TempFolder>> Made = new(MakeAsync);

    public static async Task CopyToAsync(string data)
    {
        var template = await Made.Value;
        (await ChildProcess.RunAsync("cp", ["-a", template.Sub("postgres"), data])).EnsureSuccess();
    }

    public static async Task DeleteAsync()
    {
        if (Made.IsValueCreated)
        {
            (await Made.Value).Dispose();
        }
    }

    private static async Task<TempFolder> MakeAsync()
    {
        var folder = TempFolder.Create();
        await (await ServerDatabase.OpenAsync(new DataFolder(folder.Path), new(), TimeProvider.System)).DisposeAsync();
        return folder;
    }
}
