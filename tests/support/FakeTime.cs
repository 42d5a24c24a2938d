namespace Broadcast.Testing;

/// <summary>The library that shifts the system clock of a server under test.</summary>
public static class FakeTime
{
    /// <summary>Path of the library, for <c>LD_PRELOAD</c>.</summary>
    /// <exception cref="InvalidOperationException">It is not installed.</exception>
    public static string Library => Directory.GetDirectories("/usr/lib")
        .Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("libfaketime is not installed: apt-get install libfaketime");

    /// <summary>Environment of a server whose system clock is ahead by some seconds.</summary>
    public static IReadOnlyDictionary<string, string?> Ahead(int seconds) => new Dictionary<string, string?>
    {
        ["LD_PRELOAD"] = Library,
        ["FAKETIME"] = $"+{seconds}",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
    };
}
