using Broadcast.Control;
using Broadcast.Media;

// Run as 'open-database FOLDER' this is a process that has the folder's database open: it says so, and closes it when its input ends.
if (args is ["open-database", var folder])
{
    await using (await Database.OpenAsync(new DataFolder(folder), new(), TimeProvider.System))
    {
        Console.WriteLine("open");
        await Console.In.ReadToEndAsync();
    }

    Console.WriteLine("closed");
    return 0;
}

return args.Any(arg => arg is "--server" or "--internal-msbuild-node")
    ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, Broadcast.Control.Tests.SelfRegisteredExtensions.AddSelfRegisteredExtensions)
    : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
