using Broadcast.Fuzz.Tests;

return args.FirstOrDefault() switch
{
    "fuzz" => FuzzRun.Run(args[1..]),
    "seeds" => Seeds.Write(),
    _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
};
