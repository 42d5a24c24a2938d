using Broadcast.Database;
using Broadcast.Media;

namespace Broadcast.Control.Tests;

/// <summary>Runs the tests; or, as 'open-database FOLDER', keeps the folder's database open until its input ends or it is killed.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        if (args is ["open-database", var folder])
        {
            return HoldOpenAsync(folder).GetAwaiter().GetResult();
        }

        return args.Any(arg => arg is "--server" or "--internal-msbuild-node")
            ? Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            .GetAwaiter().GetResult()
            : Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args).GetAwaiter().GetResult();
    }

    private static async Task<int> HoldOpenAsync(string folder)
    {
        await using (await ServerDatabase.OpenAsync(new DataFolder(folder), new(), TimeProvider.System))
        {
            Console.WriteLine("open");
            await Console.In.ReadToEndAsync();
        }

        return 0;
    }
}
