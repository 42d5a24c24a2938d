using Broadcast.Testing;

namespace Broadcast.Architecture.Tests;

/// <summary>The server's check of options: unknown options and wrong values.</summary>
internal static class ConfigurationCheck
{
    /// <summary>Checks options.</summary>
    /// <param name="options">Environment variables, such as <c>BROADCAST__Storage__Bucket</c>.</param>
    public static async Task<ProcessResult> RunAsync(IReadOnlyDictionary<string, string?> options)
    {
        await using var folder = TempFolder.Create("options");
        return await ChildProcess.RunAsync("dotnet", [Repository.ServerProgram(), "config", "check", "--data", folder.Path],
            environment: options);
    }
}
