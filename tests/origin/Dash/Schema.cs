using System.ComponentModel;
using System.Diagnostics;

namespace Broadcast.Origin.Tests.Dash;

/// <summary>
/// Validates MPDs against the schema of ISO/IEC 23009-1. The repository does not contain the schema: it is searched in the folder of
/// <c>BROADCAST_DASH_SCHEMA</c>, and in <c>../shared/dash-schema</c> beside the repository. Without the schema or xmllint (libxml2-utils),
/// tests are skipped.
/// </summary>
internal static class Schema
{
    private const string File = "DASH-MPD-5th-AMD1.xsd";

    /// <summary>Runs xmllint on an MPD and returns its errors; empty if the MPD is valid.</summary>
    public static async Task<string> ValidateAsync(string mpd)
    {
        var folder = Find();
        Assert.SkipWhen(folder is null, $"The DASH schema ({File}) is not here: set BROADCAST_DASH_SCHEMA to its folder.");
        var start = new ProcessStartInfo("xmllint") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true,
            RedirectStandardOutput = true };
        foreach (var argument in new[] { "--nonet", "--noout", "--schema", Path.Combine(folder!, File), "-" })
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["XML_CATALOG_FILES"] = Path.Combine(folder!, "catalog.xml");
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            Assert.Skip("xmllint is not installed (package libxml2-utils).");
        }

        await process.StandardInput.WriteAsync(mpd);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await output;
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? "" : errors;
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("BROADCAST_DASH_SCHEMA") is { Length: > 0 } named)
        {
            return System.IO.File.Exists(Path.Combine(named, File)) ? named : null;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "dash-schema");
            if (System.IO.File.Exists(Path.Combine(candidate, File)))
            {
                return candidate;
            }
        }

        return null;
    }
}
