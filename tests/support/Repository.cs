namespace Broadcast.Testing;

/// <summary>Paths of the sources and the built server, relative to the running test executable.</summary>
public static class Repository
{
    /// <summary>Absolute path of the folder with <c>Broadcast.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Build configuration of the running tests: <c>Release</c> or <c>Debug</c>.</summary>
    public static string Configuration { get; } = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal)
        ? "Release" : "Debug";

    /// <summary>Returns a path inside the repository.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>
    /// Path of the server's program: from the same build configuration as the running tests, or from the other if only that exists.
    /// </summary>
    /// <exception cref="FileNotFoundException">Neither exists.</exception>
    public static string ServerProgram()
    {
        string[] candidates = [Configuration, "Release", "Debug"];
        return candidates.Select(c => PathOf("host", "bin", c, "net10.0", "broadcast-server.dll")).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"The server is not built: run `dotnet build host -c {Configuration}`.");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Broadcast.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No Broadcast.sln above {AppContext.BaseDirectory}.");
    }
}
