using System.Text;

namespace Broadcast.Testing;

/// <summary>
/// Golden files: output recorded in the <c>golden/</c> folder of a test project, which later versions must reproduce byte for byte.
/// Text files end with one line feed.
/// </summary>
public static class Golden
{
    /// <summary>Environment variable; <c>1</c> makes <see cref="Matches(string, string)"/> write the files instead.</summary>
    public const string RenewVariable = "BROADCAST_RENEW_GOLDEN";

    private const string HowToRenew =
        $"If the change is intended, renew the golden files with `./broadcast test --renew-golden` ({RenewVariable}=1); review the diff.";

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Compares text with a golden file, line by line.</summary>
    /// <param name="name">Path in the <c>golden/</c> folder, with <c>/</c> between folders.</param>
    /// <param name="actual">Text; a missing line feed at its end is added.</param>
    /// <exception cref="GoldenException">The file is missing or differs.</exception>
    public static void Matches(string name, string actual) => Matches(Folder(), name, actual, IsRenewed());

    /// <summary>Compares bytes with a golden file.</summary>
    /// <param name="name">Path in the <c>golden/</c> folder, with <c>/</c> between folders.</param>
    /// <param name="actual">Bytes.</param>
    /// <exception cref="GoldenException">The file is missing or differs.</exception>
    public static void Matches(string name, byte[] actual) => Matches(Folder(), name, actual, IsRenewed());

    /// <summary>Compares or writes text in a given folder.</summary>
    public static void Matches(string folder, string name, string actual, bool renew)
    {
        var text = actual.EndsWith('\n') ? actual : actual + "\n";
        if (Read(folder, name, Utf8.GetBytes(text), renew) is not { } bytes)
        {
            return;
        }

        var (expected, found) = (Encoding.UTF8.GetString(bytes).Split('\n'), text.Split('\n'));
        for (var line = 0; line < Math.Max(expected.Length, found.Length); line++)
        {
            if (line >= expected.Length || line >= found.Length || expected[line] != found[line])
            {
                throw Differs($"{PathOf(folder, name)} differs at line {line + 1}", LineOf(expected, line), LineOf(found, line));
            }
        }

        throw new GoldenException($"{PathOf(folder, name)} is not valid UTF-8. {HowToRenew}");
    }

    /// <summary>Compares or writes bytes in a given folder.</summary>
    public static void Matches(string folder, string name, byte[] actual, bool renew)
    {
        if (Read(folder, name, actual, renew) is not { } expected)
        {
            return;
        }

        var offset = expected.AsSpan().CommonPrefixLength(actual);
        throw Differs($"{PathOf(folder, name)} differs at byte {offset}", BytesOf(expected, offset), BytesOf(actual, offset));
    }

    /// <summary>Returns the bytes of the file if they differ; <see langword="null"/> if they are equal or were written.</summary>
    private static byte[]? Read(string folder, string name, byte[] actual, bool renew)
    {
        var path = PathOf(folder, name);
        if (renew)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, actual);
            return null;
        }

        if (!File.Exists(path))
        {
            throw new GoldenException($"{path} is missing. {HowToRenew}");
        }

        var expected = File.ReadAllBytes(path);
        return expected.AsSpan().SequenceEqual(actual) ? null : expected;
    }

    private static GoldenException Differs(string where, string expected, string actual) =>
        new($"{where}.\nexpected: {expected}\nactual:   {actual}\n{HowToRenew}");

    private static string PathOf(string folder, string name) => Path.Combine(folder, name.Replace('/', Path.DirectorySeparatorChar));

    private static string LineOf(string[] lines, int index) => index < lines.Length ? lines[index] : "(end of file)";

    private static string BytesOf(byte[] bytes, int offset) =>
        offset < bytes.Length
            ? $"{Convert.ToHexStringLower(bytes.AsSpan(offset, Math.Min(16, bytes.Length - offset)))} (of {bytes.Length} bytes)"
            : $"(end at {bytes.Length} bytes)";

    private static bool IsRenewed() => Environment.GetEnvironmentVariable(RenewVariable) == "1";

    /// <summary>The <c>golden/</c> folder of the running test project.</summary>
    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (folder.EnumerateFiles("*.Tests.csproj").Any())
            {
                return Path.Combine(folder.FullName, "golden");
            }
        }

        throw new DirectoryNotFoundException($"No test project above {AppContext.BaseDirectory}.");
    }
}

/// <summary>Output that differs from its golden file.</summary>
/// <param name="message">The file, the first difference and the renewal command.</param>
public sealed class GoldenException(string message) : Exception(message);
