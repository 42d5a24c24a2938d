namespace Broadcast.Testing;

/// <summary>Where the sources and the built server lie, found from the running test executable.</summary>
public static class Repository
{
    /// <summary>Absolute path of the folder that holds <c>Broadcast.sln</c>.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary><c>Release</c> or <c>Debug</c>, as the running tests were built.</summary>
    public static string Configuration { get; } = AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    /// <summary>A path inside the repository.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The server's program of the same build as the running tests, or of the other one when only that exists.</summary>
    /// <exception cref="FileNotFoundException">Neither is built.</exception>
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
